// SPDX-License-Identifier: Apache-2.0
import ContentStore
import Errors
import ImageStore
import Layers
import OCISpec
import RegistryClient
import Threads

/// What a pull brought.
package struct PulledImage: Sendable, Hashable {
  package let id: ImageID
  /// What the reference stood for in the registry: a manifest or an index.
  package let digest: Digest
  /// Something came in, or the name moved.
  package let isNew: Bool
  /// What the image runs on; `nil` for an artifact.
  package let platform: Platform?
}

extension ImageTransfer {
  /// `docker pull`: brings what a reference with a tag or digest stands for into the store, under that name.
  /// - Parameter platform: which image of an index; `nil`: this machine's.
  package func pull(
    _ reference: Reference, platform: Platform? = nil, credentials: RegistryCredentials? = nil, report: @escaping TransferReport
  ) async throws -> PulledImage {
    let repository = client.repository(reference, credentials: credentials, access: .pull)
    return try await claiming { claim in
      do {
        return try await ImagePull(transfer: self, repository: repository, claim: claim, report: report).run(reference, platform)
      } catch let error as HullError {
        throw error.naming(reference)
      }
    }
  }
}

extension HullError {
  /// Says which reference it is about. Docker's words for what a registry refuses stay as they are.
  fileprivate func naming(_ reference: Reference) -> HullError {
    let isRefusal: Set<HullError.Code> = [.notFound, .unauthorized, .forbidden]
    guard !message.contains(reference.familiar), !message.hasPrefix("Get \""), !isRefusal.contains(code) else { return self }
    let prefix = reference.familiarName + ": "
    let rest = message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
    return HullError(code, "\(reference.familiar): \(rest)", cause: cause)
  }
}

/// One pull.
private struct ImagePull: Sendable {
  let transfer: ImageTransfer
  let repository: Repository
  let claim: Claim
  let report: TransferReport
  private var blobs: BlobArrival { BlobArrival(transfer: transfer, repository: repository) }
  private var store: ContentStore { transfer.store.blobs }

  func run(_ reference: Reference, _ platform: Platform?) async throws -> PulledImage {
    let selector = ManifestSelector(reference)
    let walk = ManifestWalk(repository: repository, store: store, claim: claim, platform: platform)
    let tree = try await walk.tree(from: selector)
    report(TransferEvent("Pulling from \(reference.path)", id: selector.description, isStep: false))
    var arrival = Arrival()
    let isKnown = try await blobs.isHere(tree.root.descriptor)
    async let referrers = ReferrerArrival(blobs: blobs, walk: walk).run(isKnown ? nil : tree)
    for chosen in tree.images { arrival.images.append(try await bring(chosen)) }
    try await bring(tree, into: &arrival)
    arrival.referrers = await referrers
    let digest = tree.root.descriptor.digest
    arrival.references = (reference.digest == nil ? [reference.withDefaultTag] : []) + [reference.with(digest: digest)]
    let (finished, images) = (arrival, transfer.store)
    let (id, isNew) = try await Blocking.run { try images.adopt(finished) }
    let image = arrival.images.first
    return PulledImage(id: id, digest: digest, isNew: isNew, platform: image?.artifactType == nil ? image?.config.platform : nil)
  }

  /// Everything that an image or artifact consists of.
  private func bring(_ chosen: ChosenManifest) async throws -> NewImage {
    let manifest = chosen.manifest
    claim.claim(blobs: [manifest.config.digest] + manifest.layers.map(\.digest))
    try await put(chosen.document)
    let all = Set([chosen.document.descriptor.digest, manifest.config.digest] + manifest.layers.map(\.digest))
    if let type = chosen.artifactType { return try await bring(chosen, artifact: type, all) }
    let rawConfig = try await blobs.read(manifest.config, "the configuration")
    let config = try self.config(rawConfig, manifest)
    claim.claim(chains: LayerStore.chains(config.rootfs.diffIDs))
    let layers = try await LayerArrival(blobs, manifest: manifest, diffIDs: config.rootfs.diffIDs, report: report).run()
    return NewImage(
      id: manifest.config.digest, config: config, rawConfig: rawConfig, manifest: chosen.document.descriptor, blobs: all, layers: layers)
  }

  private func config(_ bytes: [UInt8], _ manifest: Manifest) throws -> ImageConfig {
    let config: ImageConfig = try JSON.decode(bytes, "the configuration \(manifest.config.digest)")
    try ImageRules.check(config, id: manifest.config.digest, layers: manifest.layers.count)
    return config
  }

  private func bring(_ chosen: ChosenManifest, artifact type: String, _ all: Set<Digest>) async throws -> NewImage {
    let parts = [chosen.manifest.config] + chosen.manifest.layers
    for blob in parts where try await !blobs.isHere(blob) {
      report(TransferEvent("Downloading", id: blob.digest.short, current: 0, total: blob.size))
      try await blobs.obtain(blob)
      report(TransferEvent("Download complete", id: blob.digest.short))
    }
    let config = ImageConfig(platform: Platform(os: "", architecture: ""))
    var image = NewImage(
      id: chosen.document.descriptor.digest, config: config, rawConfig: Array("{}".utf8), manifest: chosen.document.descriptor, blobs: all, layers: []
    )
    image.artifactType = type
    image.artifactSize = parts.reduce(chosen.document.descriptor.size) { $0 + $1.size }
    return image
  }

  /// Indexes and attestations.
  private func bring(_ tree: ManifestTree, into arrival: inout Arrival) async throws {
    guard !tree.indexes.isEmpty else { return }
    var needed: Set<Digest> = []
    for document in tree.indexes + tree.attestations.map(\.document) {
      try await put(document)
      needed.insert(document.descriptor.digest)
    }
    for blob in tree.attestations.flatMap({ [$0.manifest.config] + $0.manifest.layers }) where blob.size <= BlobArrival.maximumDocument {
      claim.claim(blobs: [blob.digest])
      try await blobs.obtain(blob)
      needed.insert(blob.digest)
    }
    let images = tree.candidates.compactMap { candidate in candidate.platform.map { (manifest: candidate.digest, platform: $0) } }
    let chosen = arrival.images.filter { image in !images.contains { $0.manifest == image.manifest.digest } }
    arrival.index = NewIndex(
      descriptor: tree.root.descriptor, blobs: needed, images: images + chosen.map { ($0.manifest.digest, $0.config.platform) })
  }

  private func put(_ document: Document) async throws {
    claim.claim(blobs: [document.descriptor.digest])
    let store = self.store
    try await Blocking.run { if store.size(of: document.descriptor.digest) == nil { try store.put(document.bytes) } }
  }
}
