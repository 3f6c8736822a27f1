// SPDX-License-Identifier: Apache-2.0
import ContentStore
import ImageStore
import OCISpec
import RegistryClient
import Threads

/// Signatures and bills of material that a registry has for an image (OCI distribution specification, referrers): brought along, so that they
/// are there to be verified and go with the image to the next registry. An image comes in without them when they cannot be had.
struct ReferrerArrival: Sendable {
  private static let maximum = 32

  let blobs: BlobArrival
  let walk: ManifestWalk

  /// - Parameter tree: `nil`: nothing is wanted.
  func run(_ tree: ManifestTree?) async -> [NewReferrer] {
    guard let tree else { return [] }
    var arrived: [NewReferrer] = []
    for subject in Set([tree.root.descriptor.digest] + tree.images.map(\.document.descriptor.digest)).sorted() {
      guard let descriptors = try? await blobs.repository.referrers(subject) else { continue }
      for descriptor in descriptors.prefix(ReferrerArrival.maximum) {
        if let referrer = try? await bring(descriptor, subject) { arrived.append(referrer) }
      }
    }
    return arrived
  }

  private func bring(_ descriptor: Descriptor, _ subject: Digest) async throws -> NewReferrer? {
    guard MediaType.isManifest(descriptor.mediaType) else { return nil }
    walk.claim.claim(blobs: [descriptor.digest])
    let remote = try await blobs.repository.manifest(.digest(descriptor.digest), expecting: descriptor)
    let chosen = try walk.chosen(Document(descriptor: remote.descriptor, bytes: remote.bytes), nil, isImage: false)
    let parts = [chosen.manifest.config] + chosen.manifest.layers
    guard parts.allSatisfy({ $0.size <= BlobArrival.maximumDocument }) else { return nil }
    walk.claim.claim(blobs: parts.map(\.digest))
    for blob in parts { try await blobs.obtain(blob) }
    let store = walk.store
    try await Blocking.run { _ = try store.put(remote.bytes) }
    var kept = remote.descriptor
    kept.artifactType = descriptor.artifactType ?? chosen.artifactType
    return NewReferrer(descriptor: kept, subject: subject, blobs: Set([descriptor.digest] + parts.map(\.digest)))
  }
}
