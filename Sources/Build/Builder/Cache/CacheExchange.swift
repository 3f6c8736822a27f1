// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import FoundationEssentials
import Glibc
import ImageStore
import ImageTransfer
import LinuxSystem
import OCISpec
import RegistryClient
import Threads

/// Brings caches in from elsewhere and sends them there: `--cache-from` and `--cache-to`.
struct CacheExchange: Sendable {
  let request: BuildRequest
  let session: any BuildSession
  let surroundings: BuilderSurroundings
  let shared: SharedWork
  let store: BuildStore
  let report: BuildReport

  // MARK: In

  /// What cannot be had is no cache: the build goes on without it, and says so.
  func bring() async {
    for location in request.cacheFrom {
      guard let name = location.attributes["ref"], location.type == "registry" || location.type == "inline" else { continue }
      let vertex = BuildVertex(id: SHA256.digest(of: "\(request.id) cache \(name)"), name: "importing cache manifest from \(name)")
      do { try await report.during(vertex) { try await bring(name) } } catch { continue }
    }
  }

  private func bring(_ name: String) async throws {
    let reference = try Reference(name)
    let images = surroundings.images
    let isHere = (try? await Blocking.run { try images.resolve(name) }) != nil
    if !isHere { _ = try await surroundings.transfer.pull(reference, credentials: credentials(reference)) { _ in } }
    let (store, mounts) = (store, shared.cacheMounts)
    try await Blocking.stream {
      let (manifest, config) = try images.artifact(name)
      let document = manifest.config.mediaType == CacheDocument.configType ? CacheDocument(encoded: config) : CacheExchange.inline(config)
      guard let document else {
        throw HullError(.notFound, "\(name) has no build cache in it: build it with --cache-to type=inline or type=registry")
      }
      store.lend(document, from: manifest)
      for mount in document.mounts {
        mounts.lend(mount.id) { path in
          // Later builds may come when the cache has gone again.
          if images.blobs.size(of: mount.blob.digest) != nil { try CacheExchange.unpack(mount.blob, images, to: path) }
        }
      }
    }
  }

  private static func inline(_ config: [UInt8]) -> CacheDocument? {
    guard let image = try? JSONDecoder().decode(ImageConfig.self, from: Data(config)), let text = image.buildCache else { return nil }
    return CacheDocument(encoded: Array(text.utf8))
  }

  private static func unpack(_ blob: Descriptor, _ images: ImageStore, to path: String) throws(HullError) {
    let root = try step("cannot fill a cache directory") { () throws(SystemError) in try Files.open(path, O_RDONLY | O_DIRECTORY) }
    let extractor = try TarExtractor(root: root.number, disk: DiskGuard(root.number, place: path), options: ExtractOptions())
    _ = try extractor.extract(TarReader(BufferedChunks(try DecompressingSource(try images.blobs.source(blob.digest)))))
  }

  private func credentials(_ reference: Reference) async throws -> RegistryCredentials? {
    try await session.credentials(for: reference.domain).map { RegistryCredentials(username: $0.user, password: $0.secret) }
  }

  // MARK: Out

  /// Whether the image's own configuration carries the cache.
  var isInline: Bool { request.cacheTo.contains { $0.type == "inline" } }

  /// What the image carries: the steps whose layers it has.
  func inlineDocument(_ fileSystem: FileSystem) async throws -> String {
    let diffIDs = Set(fileSystem.infos.map(\.diffID))
    let store = self.store
    var document = CacheDocument()
    document.steps = try await Blocking.run { try store.known() }.filter { $0.layer.map { diffIDs.contains($0.diffID) } ?? true }.map(
      CacheDocument.Step.init)
    return String(decoding: document.encoded, as: UTF8.self)
  }

  func send() async throws {
    for location in request.cacheTo where location.type != "inline" {
      guard location.type == "registry", let name = location.attributes["ref"] else {
        throw HullError(.unsupported, "cache exports of type \(quoted(location.type)) are not supported: use type=registry,ref=NAME or type=inline")
      }
      let vertex = BuildVertex(id: SHA256.digest(of: "\(request.id) cache to \(name)"), name: "exporting cache to registry")
      try await report.during(vertex) { try await send(to: Reference(name).withDefaultTag, withMounts: location.attributes["mounts"] != "false") }
    }
  }

  private func send(to reference: Reference, withMounts: Bool) async throws {
    let (images, store) = (surroundings.images, store)
    let claim = images.claim()
    defer { try? claim.release() }
    try await Blocking.stream {
      var document = CacheDocument()
      document.steps = try store.known().map(CacheDocument.Step.init)
      if withMounts {
        for (id, path) in store.mountsUsed {
          let root = try step("cannot read a cache directory") { () throws(SystemError) in try Files.open(path, O_RDONLY | O_DIRECTORY) }
          document.mounts.append(CacheDocument.Mount(id: id, blob: try images.store(directory: root.number, claim)))
        }
      }
      let layers = document.steps.compactMap(\.blob) + document.mounts.map(\.blob)
      var seen: Set<Digest> = []
      try images.register(
        artifact: CacheDocument.artifactType, config: (CacheDocument.configType, document.encoded),
        layers: layers.filter { seen.insert($0.digest).inserted }, references: [reference])
    }
    let login = try await credentials(reference)
    let pushed: Result<PushedTag, any Error>
    do { pushed = .success(try await surroundings.transfer.push(reference, credentials: login) { _ in }) } catch { pushed = .failure(error) }
    // It was made for the way only.
    _ = try await Blocking.run { try images.remove(reference.description, force: true, holders: { _ in [] }) }
    _ = try pushed.get()
  }
}
