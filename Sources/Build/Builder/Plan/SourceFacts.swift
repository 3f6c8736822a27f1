// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// What a client may want to know of a source before it lets it in.
package enum SourceFacts: Sendable {
  /// - Parameters:
  ///   - target: of the manifest or index that the name stands for.
  ///   - config: of the image for the platform.
  case image(target: Digest, config: ImageConfig)
  case repository(GitRevision)
  /// - Parameter modified: seconds since 1970; `nil`: the server does not say.
  case file(digest: Digest, name: String, modified: Int64?)
}

/// Finds out what there is to know of a source.
package typealias SourceInquiry = @Sendable (SourcePolicy.Source) async throws -> SourceFacts

extension BuildSession {
  /// Nobody has to be asked.
  package func allowed(_ source: SourcePolicy.Source, platform: Platform, _ inquire: @escaping SourceInquiry) async throws -> SourcePolicy.Source {
    source
  }
}

extension BuildSession {
  /// The image that the client lets take the place of one. Throws `forbidden` when it lets none.
  func allowed(image name: String, platform: Platform, _ find: @escaping @Sendable (String) async throws -> BaseImage) async throws -> String {
    guard let reference = try? Reference(name).withDefaultTag else { return name }
    let source = SourcePolicy.Source("docker-image://\(reference)")
    let allowed = try await allowed(source, platform: platform) { source in
      let found = try await find(try source.image())
      return .image(target: found.target, config: found.config)
    }
    return allowed == source ? name : try allowed.image()
  }

  /// Throws `forbidden` when the client does not let a layout of its own in; nothing takes its place.
  func allow(_ address: LayoutAddress, platform: Platform) async throws {
    let name = "oci-layout://\(address.store)\(address.tag.map { ":\($0)" } ?? "")\(address.digest.map { "@\($0)" } ?? "")"
    let allowed = try await allowed(SourcePolicy.Source(name), platform: platform) { _ in
      throw HullError(.unsupported, "policy: there is nothing to know of \(name) but its name")
    }
    guard allowed.name == name else { throw allowed.refusal("a layout of the client's") }
  }

  /// The repository, or archive of the web, that the client lets take the place of one. Throws `forbidden` when it lets none.
  func allowed(_ step: RepositoryStep, _ inquire: @escaping @Sendable (RepositoryStep) async throws -> SourceFacts) async throws -> RepositoryStep {
    let source = SourcePolicy.Source(step)
    let allowed = try await allowed(source, platform: .host) { try await inquire(try step.replaced(by: $0)) }
    return allowed == source ? step : try step.replaced(by: allowed)
  }

  /// The file of the web that the client lets take the place of one. Throws `forbidden` when it lets none.
  func allowed(_ file: DownloadStep, _ inquire: @escaping @Sendable (DownloadStep) async throws -> SourceFacts) async throws -> DownloadStep {
    let allowed = try await allowed(SourcePolicy.Source(file), platform: .host) { try await inquire(try file.replaced(by: $0)) }
    return try file.replaced(by: allowed)
  }
}

extension SourcePolicy.Source {
  fileprivate func image() throws(HullError) -> String {
    guard let image = NamedContexts.image(name) else { throw refusal("an image: use docker-image://") }
    return image
  }

  fileprivate func refusal(_ what: String) -> HullError { HullError(.unsupported, "policy: \(name) cannot take the place of \(what)") }
}

extension DownloadStep {
  fileprivate func replaced(by source: SourcePolicy.Source) throws(HullError) -> DownloadStep {
    guard case .download(let file) = try source.operation(or: .download(self)) else { throw source.refusal("a file: use http(s)://") }
    return file
  }
}

extension RepositoryStep {
  fileprivate func replaced(by source: SourcePolicy.Source) throws(HullError) -> RepositoryStep {
    if source == SourcePolicy.Source(self) { return self }
    guard case .repository(var step) = try source.operation(or: .repository(self)) else { throw source.refusal("a repository: use git://") }
    (step.waits, step.part) = (waits, part)
    return step
  }
}
