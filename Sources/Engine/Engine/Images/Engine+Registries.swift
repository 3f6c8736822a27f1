// SPDX-License-Identifier: Apache-2.0
import Archive
import DockerAPI
import Errors
import ImageStore
import ImageTransfer
import OCISpec
import RegistryClient
import Threads

/// Images from and to registries. `auth` is the header `X-Registry-Auth`.
extension Engine {
  /// `POST /images/create?fromImage=`: without a tag or digest all tags of a repository.
  package func pullImage(_ name: String, tag: String, platform: String?, auth: String?, progress: @escaping ProgressSink) async throws {
    let reference = try ImageForm.pulled(name, tag)
    let wanted = try platform.flatMap { $0.isEmpty ? nil : $0 }.map { text throws(HullError) in try Platform(parsing: text) }
    let credentials = try RegistryForm.credentials(auth)
    guard reference.isNameOnly else { return try await pull(reference, wanted, credentials, progress) }
    for tag in try await services.transfer.tags(of: reference, credentials: credentials) {
      try await pull(reference.with(tag: tag), wanted, credentials, progress)
    }
  }

  private func pull(
    _ reference: Reference, _ platform: Platform?, _ credentials: RegistryCredentials?, _ progress: @escaping ProgressSink
  ) async throws {
    defer { services.lookup.forget() }
    let pulled: PulledImage
    do {
      pulled = try await services.transfer.pull(reference, platform: platform, credentials: credentials) { progress(RegistryForm.line($0)) }
    } catch let error as HullError where error.code == .unauthorized {
      // As with Docker: 401 would mean that this daemon wants credentials, and clients ask for them.
      throw HullError(.internalError, error.message, cause: error.cause)
    }
    progress(RegistryForm.line("Digest: \(pulled.digest)"))
    progress(RegistryForm.line("Status: \(pulled.isNew ? "Downloaded newer image" : "Image is up to date") for \(reference.familiar)"))
    if let platform, let actual = pulled.platform, actual.distance(to: platform) == nil {
      progress(
        RegistryForm.line(
          "WARNING: image with reference \(reference.familiar) was found but does not match the specified platform: wanted \(platform), actual: "
            + "\(actual)"))
    }
    services.events.publish("image", "pull", id: reference.familiar, attributes: ["name": reference.familiarName])
    await services.disk.enforce()
  }

  /// `POST /images/{name}/push`: without a tag all tags of the repository.
  /// - Parameters:
  ///   - platform: JSON, as the query has it.
  ///   - compression: Hull's own: `gzip` (empty), `zstd` or `uncompressed`, of layers that were made here.
  package func pushImage(
    _ name: String, tag: String, platform: String?, compression: String, auth: String?, progress: @escaping ProgressSink
  ) async throws {
    var reference = try Reference(name)
    guard reference.digest == nil else { throw HullError(.invalidArgument, "cannot push a digest reference") }
    if !tag.isEmpty { reference = try reference.with(tag: tag) }
    let wanted = try RegistryForm.platform(json: platform)
    guard let form = Compression(named: compression.isEmpty ? "gzip" : compression) else {
      throw HullError(.invalidArgument, "compression \(compression) is not known: use gzip, zstd or uncompressed")
    }
    let credentials = try RegistryForm.credentials(auth)
    let images = services.images
    let given = reference
    let tags = try await reference.tag == nil ? Blocking.run { try images.tags(inRepository: given) } : [reference]
    guard !tags.isEmpty else {
      throw HullError(.notFound, "An image does not exist locally with the tag: \(reference.familiarName)")
    }
    progress(RegistryForm.line("The push refers to repository [\(reference.name)]"))
    for tag in tags { try await push(tag, wanted, form, credentials, progress) }
  }

  private func push(
    _ reference: Reference, _ platform: Platform?, _ compression: Compression, _ credentials: RegistryCredentials?, _ progress: @escaping ProgressSink
  ) async throws {
    defer { services.lookup.forget() }
    do {
      let pushed = try await services.transfer.push(reference, platform: platform, compression: compression, credentials: credentials) {
        progress(RegistryForm.line($0))
      }
      progress(RegistryForm.line(pushed))
    } catch let error as HullError where error.code == .notFound && error.message.hasPrefix("No such image") {
      throw HullError(.notFound, "An image does not exist locally with the tag: \(reference.familiarName)")
    }
    services.events.publish("image", "push", id: reference.familiar, attributes: ["name": reference.familiarName])
  }

  /// `POST /auth`.
  package func login(_ request: AuthRequest) async throws -> AuthAnswer {
    let credentials = RegistryCredentials(
      username: request.username, password: request.password, identityToken: request.identityToken, registryToken: request.registryToken,
      serverAddress: request.serverAddress)
    var answer = AuthAnswer()
    (answer.status, answer.identityToken) = try await services.transfer.client.verify(credentials)
    return answer
  }

  /// `GET /images/search`.
  package func searchImages(_ term: String, limit: Int?, filters: Filters, auth: String?) async throws -> [ImageSearchItem] {
    guard !term.isEmpty else { throw HullError(.invalidArgument, "no search term: give one as term=TEXT") }
    if let limit, !(1...100).contains(limit) { throw HullError(.invalidArgument, "limit \(limit) is outside the range of [1, 100]") }
    let found = try await services.transfer.client.search(
      term, credentials: try RegistryForm.credentials(auth), limit: limit, filter: try RegistryForm.filter(filters))
    return found.map(RegistryForm.item)
  }

  /// `GET /distribution/{name}/json`: what a registry has under a name.
  package func inspectDistribution(_ name: String, auth: String?) async throws -> DistributionInspect {
    let found = try await services.transfer.inspect(try Reference(name).withDefaultTag, credentials: try RegistryForm.credentials(auth))
    var answer = DistributionInspect()
    answer.descriptor = ImageForm.descriptor(found.descriptor)
    answer.platforms = found.platforms.map(RegistryForm.platform)
    return answer
  }
}

extension RegistryForm {
  /// `nil`: the registry is asked as anybody.
  static func credentials(_ header: String?) throws(HullError) -> RegistryCredentials? {
    guard let header, !header.isEmpty else { return nil }
    let credentials = try RegistryCredentials(header: header)
    return credentials.isEmpty ? nil : credentials
  }
}
