// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import ImageTransfer
import OCISpec
import RegistryClient
import Threads

/// Base images: from the store, or pulled into it.
struct ImageResolver: BaseImages {
  let request: BuildRequest
  let session: any BuildSession
  let surroundings: BuilderSurroundings
  let report: BuildReport
  private let known = Monitor<[String: BaseImage]>([:])
  /// The names of the images that the client lets take the place of others.
  private let allowed = Monitor<[String: String]>([:])

  init(request: BuildRequest, session: any BuildSession, surroundings: BuilderSurroundings, report: BuildReport) {
    self.request = request
    self.session = session
    self.surroundings = surroundings
    self.report = report
  }

  /// An image, or what the client lets take its place.
  func image(_ name: String, platform: Platform, pull: Bool) async throws -> BaseImage {
    let key = "\(platform) \(name)"
    if let chosen = allowed.with({ $0[key] }) { return try await resolved(chosen, platform: platform, pull: pull) }
    let chosen = try await session.allowed(image: name, platform: platform) { try await resolved($0, platform: platform, pull: pull) }
    allowed.with { $0[key] = chosen }
    return try await resolved(chosen, platform: platform, pull: pull)
  }

  /// Once for each name and platform of a build: what the registry says may not change under it.
  private func resolved(_ name: String, platform: Platform, pull: Bool) async throws -> BaseImage {
    let key = "\(platform) \(name)"
    if let found = known.with({ $0[key] }) { return found }
    let found = try await find(name, platform: platform, pull: pull)
    known.with { $0[key] = found }
    return found
  }

  private func find(_ name: String, platform: Platform, pull: Bool) async throws -> BaseImage {
    let images = surroundings.images
    let wanted: Platform? = platform == .host ? nil : platform
    if !pull, let found = try await local(name, wanted) { return found }
    let reference: Reference
    do { reference = try Reference(name) } catch {
      throw HullError(.invalidArgument, "failed to parse stage name \(quoted(name)): \(error)")
    }
    let onlyOne = pull ? nil : try await onlyImage(name)
    do { try await bring(reference, wanted, isNeeded: onlyOne == nil) } catch let error as HullError {
      guard let other = await self.other(name) else { throw error }
      throw HullError(error.code, "\(error.message) (it is here, but for \(other) and not for \(platform))", cause: error.cause)
    }
    if let found = try await local(name, wanted) { return found }
    if let found = try await onlyImage(name) { return found }
    return BaseImage(try await Blocking.run { try images.find(name, platform: wanted) })
  }

  /// An image that is the only one under its name is taken for every platform, as BuildKit takes a manifest that is in no index.
  private func onlyImage(_ name: String) async throws -> BaseImage? {
    let images = surroundings.images
    guard let found = try? await Blocking.run({ try images.onlyImage(name) }), found.record.artifactType == nil else { return nil }
    return BaseImage(found)
  }

  func image(_ address: LayoutAddress, platform: Platform, name: String) async throws -> BaseImage {
    try await session.allow(address, platform: platform)
    let vertex = BuildVertex(id: SHA256.digest(of: "\(request.id) layout \(name) \(platform)"), name: "[context \(name)] OCI load from client")
    return try await report.during(vertex) {
      let layout = try await session.layout(address.store, root: address.digest, platform: platform)
      return try await LayoutImport(images: surroundings.images, directory: surroundings.directory).image(
        address, in: layout, platform: platform, name: name)
    }
  }

  /// An image that is here; `nil`: it is not, or is one for another platform.
  private func local(_ name: String, _ platform: Platform?) async throws -> BaseImage? {
    let images = surroundings.images
    do {
      let found = try await Blocking.run { try images.find(name, platform: platform) }
      if found.record.artifactType != nil { throw HullError(.invalidArgument, "\(name) is an artifact, not an image: a stage cannot stand on it") }
      return BaseImage(found)
    } catch let error as HullError where error.code == .notFound {
      return nil
    }
  }

  /// For which platform an image is here that is not here for the one that is wanted.
  private func other(_ name: String) async -> Platform? {
    let images = surroundings.images
    return try? await Blocking.run { try images.resolve(name).config.platform.normalized }
  }

  /// - Parameter isNeeded: it fails when nothing comes.
  private func bring(_ reference: Reference, _ platform: Platform?, isNeeded: Bool) async throws {
    let login = try await session.credentials(for: reference.domain)
    let credentials = login.map { RegistryCredentials(username: $0.user, password: $0.secret) }
    let vertex = BuildVertex(
      id: SHA256.digest(of: "\(request.id) pull \(reference) \(platform?.description ?? "")"), name: "[internal] load \(reference.familiar)")
    let report = self.report
    try await report.during(vertex) {
      do {
        let pulled = try await surroundings.transfer.pull(reference, platform: platform, credentials: credentials) { event in
          guard let id = event.id, let current = event.current, let total = event.total else { return }
          report.send(.progress(vertex.id, id: "\(event.status) \(id)", current: current, total: total, started: BuildClock.now(), completed: nil))
        }
        if pulled.isNew { report.note(brought: pulled.id) }
      } catch let error as HullError {
        guard isNeeded else { return }
        throw HullError(error.code, "\(reference.familiar): failed to resolve source metadata for \(reference): \(error.message)", cause: error.cause)
      }
    }
  }
}

extension BaseImage {
  init(_ found: ImageStore.Found) { self.init(id: found.record.id, config: found.record.config, target: found.target.digest) }
}
