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
    return .files(try operation(allowed, or: .context("", ContextSelection())))
  }

  /// Files, or what the client has put in their place. Throws `forbidden` when they are denied.
  func policed(_ operation: Operation) throws(HullError) -> Operation {
    guard !policy.rules.isEmpty, let source = Self.source(operation) else { return operation }
    let allowed = try policy.source(for: source)
    return allowed == source ? operation : try self.operation(allowed, or: operation)
  }

  private static func source(_ operation: Operation) -> SourcePolicy.Source? {
    switch operation {
    case .context(let name, _): return SourcePolicy.Source("local://\(name)")
    case .download(let url, let checksum): return SourcePolicy.Source(url, checksum.map { ["http.checksum": $0.description] } ?? [:])
    case .repository(let step): return source(step)
    default: return nil
    }
  }

  /// Contexts of the web that are no repositories go by their addresses.
  private static func source(_ step: RepositoryStep) -> SourcePolicy.Source {
    guard let address = try? GitAddress(step.url, isGit: step.isGit) else {
      return SourcePolicy.Source(step.url, step.checksum.map { ["http.checksum": $0] } ?? [:])
    }
    var attributes = ["git.fullurl": address.url]
    attributes["git.checksum"] = address.checksum ?? step.checksum
    return SourcePolicy.Source(address.policyName, attributes)
  }

  /// - Parameter old: what it takes the place of.
  private func operation(_ source: SourcePolicy.Source, or old: Operation) throws(HullError) -> Operation {
    if source.name.hasPrefix("local://") {
      if case .context(_, let selection) = old { return .context(String(source.name.dropFirst(8)), selection) }
      return .context(String(source.name.dropFirst(8)), ContextSelection())
    }
    if source.name.hasPrefix("http://") || source.name.hasPrefix("https://") {
      return .download(url: source.name, checksum: try source.attributes["http.checksum"].map { (text) throws(HullError) in try Digest(text) })
    }
    if source.name.hasPrefix("git://") {
      let fragment = source.name.firstIndex(of: "#").map { String(source.name[$0...]) } ?? ""
      var keeps = false
      if case .repository(let own) = old { keeps = own.keepsGitDirectory }
      return .repository(
        RepositoryStep(
          url: (source.attributes["git.fullurl"] ?? String(source.name.prefix { $0 != "#" })) + fragment, keepsGitDirectory: keeps,
          checksum: source.attributes["git.checksum"], isGit: true))
    }
    throw HullError(.unsupported, "source policy: \(source.name) cannot take the place of files: use local://, http(s):// or git://")
  }
}
