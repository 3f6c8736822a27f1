// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import FoundationEssentials
import ImageStore
import ImageTransfer
import OCISpec
import RegistryClient
import Threads

/// Looks into the caches of `--cache-from`: what they have is known then; nothing of it is fetched.
struct CacheImport: Sendable {
  /// An index may have as many manifests of images: one for each platform.
  private static let mostImages = 32
  private static let longestDocument: Int64 = 16 << 20

  let request: BuildRequest
  let session: any BuildSession
  let surroundings: BuilderSurroundings
  let store: BuildStore
  let report: BuildReport

  /// What cannot be had is no cache: the build goes on without it, and says so.
  func bring(_ sources: [CacheSource]) async throws {
    guard !request.noCache else { return }
    for source in sources {
      let vertex = BuildVertex(id: SHA256.digest(of: "\(request.id) cache \(source.name)"), name: "importing cache manifest from \(source.name)")
      do { try await report.during(vertex) { try await bring(source) } } catch {
        try Task.checkCancellation()
        if error is CancellationError { throw error }
      }
    }
  }

  private func bring(_ source: CacheSource) async throws {
    let lender = LentSteps.Lender(name: source.name, origin: try await origin(source))
    let documents = try await documents(lender.origin)
    guard !documents.isEmpty else {
      throw HullError(.notFound, "\(source.name) has no build cache in it that can be used here: make it with --cache-to")
    }
    let missing = documents.reduce(0) { $0 + store.lent.add($1.document, blobs: $1.blobs, from: lender) }
    if missing > 0 { report.warn(.cache("the cache \(source.name) lacks the layers of \(missing) of its steps: they are left out")) }
  }

  private func origin(_ source: CacheSource) async throws -> any CacheOrigin {
    switch source.place {
    case .registry(let reference, let insecure):
      if let stored = try await stored(reference) { return stored }
      // The first builder takes what is here, and asks nobody.
      guard !request.tellsConfiguration else { throw HullError(.notFound, "\(reference.familiar) is not here: pull it first") }
      let login = try await session.credentials(for: reference.domain).map { RegistryCredentials(username: $0.user, password: $0.secret) }
      let content = surroundings.transfer.content(of: reference, credentials: login, access: .pull, insecure: insecure)
      return RegistryCacheOrigin(content: content, reference: reference)
    case .client(let directory):
      guard let digest = source.digest else { throw HullError(.notFound, "\(directory): no cache is there") }
      return ClientCacheOrigin(session: session, images: surroundings.images, directory: directory, manifest: digest)
    case .inline: throw HullError(.invalidArgument, "a cache in an image has a name")
    }
  }

  /// An image of that name which is here and has a cache in it, or the images for several platforms.
  private func stored(_ reference: Reference) async throws -> StoredCacheOrigin? {
    let images = surroundings.images
    return try await Blocking.run {
      guard let record = try? images.resolve(reference.description), let bytes = try? images.blobs.read(record.id),
        let config = try? JSONDecoder().decode(ImageConfig.self, from: Data(bytes)), config.buildCache != nil
      else { return nil }
      // Of an index of which only a part is here that part is enough.
      let whole = (try? images.content(reference.description)).flatMap { $0.missing.isEmpty ? $0.root : nil }
      return StoredCacheOrigin(images: images, manifest: whole ?? record.manifest)
    }
  }

  // MARK: Documents

  private typealias Found = (document: CacheDocument, blobs: [Digest: Descriptor])

  private func documents(_ origin: any CacheOrigin) async throws -> [Found] {
    let (bytes, mediaType) = try await origin.document(nil)
    let shape: ManifestShape = try JSON.decode(bytes, "the cache's manifest")
    guard let entries = shape.manifests, !MediaType.isManifest(mediaType) else {
      return try await document(try JSON.decode(bytes, "the cache's manifest"), origin).map { [$0] } ?? []
    }
    // An index whose entries are the blobs themselves, or one of images.
    if let config = entries.first(where: { $0.mediaType == CacheDocument.configType }) {
      return try await document(Manifest(config: config, layers: entries.filter { $0.digest != config.digest }), origin).map { [$0] } ?? []
    }
    var found: [Found] = []
    for entry in entries.filter({ MediaType.isManifest($0.mediaType) && $0.platform?.os != "unknown" }).prefix(Self.mostImages) {
      let manifest: Manifest = try JSON.decode(try await origin.document(entry).bytes, "the manifest \(entry.digest)")
      if let document = try await document(manifest, origin) { found.append(document) }
    }
    return found
  }

  /// `nil`: it is none.
  private func document(_ manifest: Manifest, _ origin: any CacheOrigin) async throws -> Found? {
    let isArtifact = manifest.config.mediaType == CacheDocument.configType
    guard isArtifact || MediaType.isConfig(manifest.config.mediaType) else { return nil }
    guard manifest.config.size >= 0, manifest.config.size <= Self.longestDocument else {
      throw HullError(.tooLarge, "the cache's description has \(manifest.config.size) bytes, more than \(Self.longestDocument)")
    }
    store.claim(blobs: [manifest.config.digest])
    try await origin.obtain(manifest.config) { _ in }
    let blobs = surroundings.images.blobs
    let config = try await Blocking.run { try blobs.read(manifest.config.digest) }
    let layers = Dictionary(manifest.layers.filter { $0.size >= 0 }.map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first })
    guard isArtifact else { return Self.inline(config, in: manifest).map { ($0, layers) } }
    guard let document = CacheDocument(encoded: config) else {
      throw HullError(.invalidArgument, "the cache's description \(manifest.config.digest) cannot be read")
    }
    return (document, layers)
  }

  /// What an image says of itself: its manifest says which blobs its layers are, compressed or not.
  private static func inline(_ config: [UInt8], in manifest: Manifest) -> CacheDocument? {
    guard let image = try? JSONDecoder().decode(ImageConfig.self, from: Data(config)), let text = image.buildCache,
      var document = CacheDocument(encoded: Array(text.utf8))
    else { return nil }
    let places = Dictionary(zip(image.rootfs.diffIDs, manifest.layers.map(\.digest)), uniquingKeysWith: { first, _ in first })
    for index in document.steps.indices { document.steps[index].blob = document.steps[index].diffID.map { places[$0] ?? $0 } }
    document.mounts = []
    return document
  }
}

/// Which of the two a document is.
private struct ManifestShape: Decodable {
  var manifests: [Descriptor]?
}

extension BuildWarning {
  /// Something about a cache that does not keep the build from going on.
  static func cache(_ message: String) -> BuildWarning { BuildWarning(rule: "", description: "", message: message, url: "", location: nil) }
}
