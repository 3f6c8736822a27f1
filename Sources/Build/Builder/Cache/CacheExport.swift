// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import ImageStore
import ImageTransfer
import LinuxSystem
import OCISpec
import RegistryClient
import Threads

/// Sends what a build knows to where `--cache-to` says.
struct CacheExport: Sendable {
  let request: BuildRequest
  let session: any BuildSession
  let surroundings: BuilderSurroundings
  let shared: SharedWork
  let store: BuildStore
  let report: BuildReport

  /// What an image carries: the steps whose layers it has, and others by name. Its manifest says which blobs these are.
  /// - Parameter all: every image of the build: each has its own steps.
  func inlineDocument(_ fileSystem: FileSystem, of all: [FileSystem]) -> String {
    var document = names(beside: steps(of: all))
    document.steps = steps(of: [fileSystem]).map { record in
      var step = CacheDocument.Step(record)
      step.blob = nil
      return step
    }
    return String(decoding: document.encoded, as: UTF8.self)
  }

  /// - Returns: the manifest of what went into a directory of the client's.
  func send(_ built: [BuiltImage], to targets: [CacheTarget]) async throws -> Descriptor? {
    var manifest: Descriptor?
    for target in targets where !target.isInline {
      let vertex = BuildVertex(id: SHA256.digest(of: "\(request.id) cache to \(target.name)"), name: Self.title(target))
      do { manifest = try await report.during(vertex) { try await send(built.map(\.fileSystem), to: target) } ?? manifest } catch {
        try Task.checkCancellation()
        guard target.ignoresErrors else { throw error }
        report.warn(.cache("the cache could not be exported to \(target.name): \(error)"))
      }
    }
    return manifest
  }

  private static func title(_ target: CacheTarget) -> String {
    if case .client = target.place { return "exporting cache to client directory" }
    return "exporting cache to registry"
  }

  // MARK: One target

  private func send(_ results: [FileSystem], to target: CacheTarget) async throws -> Descriptor? {
    // What is only made for the way goes with it.
    let claim = surroundings.images.claim()
    let sent: Result<Descriptor?, any Error>
    do { sent = .success(try await send(results, to: target, claim)) } catch { sent = .failure(error) }
    try? await Blocking.run { try claim.release() }
    return try sent.get()
  }

  private func send(_ results: [FileSystem], to target: CacheTarget, _ claim: Claim) async throws -> Descriptor? {
    let records = target.takesAll ? store.known : steps(of: results)
    let packed = try await target.takesMounts ? mounts(claim) : []
    let maker = CacheContentMaker(images: surroundings.images, target: target, claim: claim)
    let names = names(beside: records)
    let content = try await Blocking.stream { try maker.content(names, records, packed) }
    try Task.checkCancellation()
    switch target.place {
    case .registry(let reference, let insecure):
      try await push(content, to: reference, insecure)
      return nil
    case .client(let directory):
      let blobs = surroundings.images.blobs
      for blob in content.blobs + [content.manifest] {
        try await session.writeContent(blob, to: directory) { try blobs.source(blob.digest) }
      }
      return content.manifest
    case .inline: return nil
    }
  }

  private func push(_ content: CacheContent, to reference: Reference, _ insecure: Bool) async throws {
    let login = try await session.credentials(for: reference.domain).map { RegistryCredentials(username: $0.user, password: $0.secret) }
    let remote = surroundings.transfer.content(of: reference, credentials: login, access: .push, insecure: insecure)
    try await remote.push(content.blobs) { _ in }
    try await remote.put(content.manifestBytes, mediaType: content.manifest.mediaType, as: .init(reference))
  }

  // MARK: What goes

  /// The steps that lie on the way to results.
  private func steps(of results: [FileSystem]) -> [StepRecord] {
    let chains = Set(results.flatMap(\.infos).map(\.chain))
    return store.known.filter { record in
      (record.base.map(chains.contains) ?? true) && (record.layer.map { chains.contains($0.chain) } ?? true)
    }
  }

  /// Everything else that the build came by, as far as it can go without layers.
  private func names(beside records: [StepRecord]) -> CacheDocument {
    var document = CacheDocument()
    var seen = Set(records.map(\.key))
    document.passing = (store.known.map(CacheDocument.Step.init) + store.namedSteps).filter { seen.insert($0.key).inserted }.map(\.passing)
    document.selections = store.selections.all
    return document
  }

  /// The cache mounts that this build has used, as blobs. One that changes too much while it is read is left out.
  private func mounts(_ claim: Claim) async throws -> [(id: String, blob: Descriptor)] {
    let (images, caches) = (surroundings.images, shared.cacheMounts)
    var packed: [(id: String, blob: Descriptor)] = []
    for (id, lease) in store.mountsUsed {
      caches.hold(lease.name)
      defer { caches.release(lease) }
      do {
        packed.append(
          (
            id,
            try await Blocking.stream {
              let root = try step("cannot read a cache directory") { () throws(SystemError) in try Files.open(lease.path, O_RDONLY | O_DIRECTORY) }
              return try images.store(directory: root.number, claim)
            }
          ))
      } catch { report.warn(.cache("the cache mount \(id) is not exported: \(error)")) }
      try Task.checkCancellation()
    }
    return packed
  }
}
