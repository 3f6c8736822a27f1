// SPDX-License-Identifier: Apache-2.0
import Errors
import ImageStore
import OCISpec
import RegistryClient
import Threads

extension Builder {
  /// What there is to know of a source, by BuildKit's name for it, without building anything.
  /// - Parameters:
  ///   - platform: which image of several it is.
  ///   - session: of the client, which has what opens private places.
  /// - Throws: `unsupported` for the client's own files, `notFound` for what is nowhere.
  package func facts(of source: SourcePolicy.Source, platform: Platform, session: any BuildSession) async throws -> SourceFacts {
    if let name = NamedContexts.image(source.name) { return try await image(name, platform, session) }
    switch try source.operation(or: .context("", ContextSelection())) {
    case .download(let file): return try SourceFacts(file: try await sources.download(file, session: session))
    case .repository(let step): return try await FetchedRepositories(shared.remote, session: session, sockets: surroundings.state).facts(step)
    default: throw HullError(.unsupported, "\(source.name): there is nothing to know of it but its name")
    }
  }

  /// From the store, or its registry.
  private func image(_ name: String, _ platform: Platform, _ session: any BuildSession) async throws -> SourceFacts {
    let (images, wanted) = (surroundings.images, platform == .host ? nil : platform)
    let known = try? await Blocking.run { try images.find(name, platform: wanted) }
    if let known { return .image(target: known.target.digest, config: known.record.config) }
    let reference = try Reference(name)
    let login = try await session.credentials(for: reference.domain).map { RegistryCredentials(username: $0.user, password: $0.secret) }
    let found = try await surroundings.transfer.look(at: reference, platform: wanted, credentials: login)
    return .image(target: found.target, config: found.config)
  }
}
