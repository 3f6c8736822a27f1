// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// What a policy lets an image be.
enum PolicedSource {
  case image(String)
  /// Files from the client or from elsewhere.
  case files(Operation)
}

extension BuildRequest {
  /// An image, or what the client has put in its place. Throws `forbidden` when it is denied.
  func policed(image name: String) throws(HullError) -> PolicedSource {
    guard !policy.rules.isEmpty, let reference = try? Reference(name).withDefaultTag else { return .image(name) }
    let source = SourcePolicy.Source("docker-image://\(reference)")
    let allowed = try policy.source(for: source)
    if allowed == source { return .image(name) }
    if let image = NamedContexts.image(allowed.name) { return .image(image) }
    return .files(try allowed.operation(or: .context("", ContextSelection())))
  }

  /// Files, or what the client has put in their place. Throws `forbidden` when they are denied.
  func policed(_ operation: Operation) throws(HullError) -> Operation {
    guard !policy.rules.isEmpty, let source = SourcePolicy.Source(operation) else { return operation }
    let allowed = try policy.source(for: source)
    return allowed == source ? operation : try allowed.operation(or: operation)
  }
}

extension SourcePolicy.Source {
  /// `nil`: policies are not about it.
  fileprivate init?(_ operation: Operation) {
    switch operation {
    case .context(let name, _): self.init("local://\(name)")
    case .download(let file): self.init(file)
    case .repository(let step): self.init(step)
    default: return nil
    }
  }

  init(_ file: DownloadStep) { self.init(file.url, file.checksum.map { ["http.checksum": $0.description] } ?? [:]) }

  /// Contexts of the web that are no repositories go by their addresses.
  init(_ step: RepositoryStep) {
    guard let address = try? GitAddress(step.url, isGit: step.isGit) else {
      self.init(step.url, step.checksum.map { ["http.checksum": $0] } ?? [:])
      return
    }
    self.init(address.policyName, ["git.fullurl": address.url])
    attributes["git.checksum"] = address.checksum ?? step.checksum
  }

  /// - Parameter old: what it takes the place of.
  func operation(or old: Operation) throws(HullError) -> Operation {
    if name.hasPrefix("local://") {
      if case .context(_, let selection) = old { return .context(String(name.dropFirst(8)), selection) }
      return .context(String(name.dropFirst(8)), ContextSelection())
    }
    if name.hasPrefix("http://") || name.hasPrefix("https://") {
      var file = DownloadStep(url: name)
      if case .download(let own) = old { file = own }
      file.url = name
      file.checksum = try attributes["http.checksum"].map { (text) throws(HullError) in try Digest(text) }
      return .download(file)
    }
    if name.hasPrefix("git://") {
      let fragment = name.firstIndex(of: "#").map { String(name[$0...]) } ?? ""
      var keeps = false
      if case .repository(let own) = old { keeps = own.keepsGitDirectory }
      return .repository(
        RepositoryStep(
          url: (attributes["git.fullurl"] ?? String(name.prefix { $0 != "#" })) + fragment, keepsGitDirectory: keeps,
          checksum: attributes["git.checksum"], isGit: true))
    }
    throw HullError(.unsupported, "source policy: \(name) cannot take the place of files: use local://, http(s):// or git://")
  }
}
