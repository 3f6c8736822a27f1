// SPDX-License-Identifier: Apache-2.0
import ContentStore
import Errors
import GRDB
import OCISpec

/// An index or manifest, and the blobs that must be in a registry or archive before it.
package struct ContentDocument: Sendable, Hashable {
  package let descriptor: Descriptor
  /// Configuration and layers of a manifest.
  package var blobs: [Descriptor] = []
  /// Diff IDs of the layers, as far as it is an image's manifest; layers are the last `diffIDs.count` blobs.
  package var diffIDs: [Digest] = []
}

/// All that a name stands for, for a push or an archive.
package struct ImageContent: Sendable {
  package let image: ImageID
  /// What goes under the name.
  package let root: Descriptor
  /// Children first, the root last, then what refers to them.
  package var documents: [ContentDocument]
  package var referrers: [ContentDocument] = []
  /// Manifests of the index that are not here.
  package var missing: [Descriptor] = []
}

extension ImageStore {
  /// What a name stands for.
  /// - Parameters:
  ///   - platform: only the image for it; `nil`: the whole index, if the name stands for one.
  ///   - singly: the one image for this machine even when the name stands for an index.
  package func content(_ name: String, platform: Platform? = nil, singly: Bool = false) throws(HullError) -> ImageContent {
    let found = try find(name, platform: platform)
    if platform == nil, !singly, let index = found.index {
      var walk = ContentWalk(blobs)
      try walk.visit(index, depth: 0)
      var content = ImageContent(image: found.record.id, root: index, documents: walk.documents)
      content.missing = walk.missing
      return try withReferrers(content)
    }
    var walk = ContentWalk(blobs)
    try walk.visit(found.manifest, depth: 0)
    return try withReferrers(ImageContent(image: found.record.id, root: found.manifest, documents: walk.documents))
  }

  private func withReferrers(_ content: ImageContent) throws(HullError) -> ImageContent {
    let referrers = try database.read("look up referrers") { database in
      let catalog = Catalog(database: database)
      return try content.documents.flatMap { try catalog.referrers(of: $0.descriptor.digest) }
    }
    var walk = ContentWalk(blobs)
    for referrer in referrers { try walk.visit(referrer, depth: 0) }
    var content = content
    content.referrers = walk.documents
    return content
  }
}

/// Reads manifests from the store, children before their index.
private struct ContentWalk {
  private static let maximumDepth = 4
  private let store: ContentStore
  private(set) var documents: [ContentDocument] = []
  private(set) var missing: [Descriptor] = []
  private var seen: Set<Digest> = []

  init(_ store: ContentStore) { self.store = store }

  mutating func visit(_ descriptor: Descriptor, depth: Int) throws(HullError) {
    guard seen.insert(descriptor.digest).inserted else { return }
    guard store.size(of: descriptor.digest) != nil, depth <= ContentWalk.maximumDepth else {
      missing.append(descriptor)
      return
    }
    let bytes = try store.read(descriptor.digest)
    if MediaType.isIndex(descriptor.mediaType) {
      let index: Index = try JSON.decode(bytes, "the index \(descriptor.digest)")
      for child in index.manifests { try visit(child, depth: depth + 1) }
      documents.append(ContentDocument(descriptor: descriptor))
    } else {
      let manifest: Manifest = try JSON.decode(bytes, "the manifest \(descriptor.digest)")
      let parts = [manifest.config] + manifest.layers
      guard parts.allSatisfy({ store.size(of: $0.digest) != nil }) else {
        missing.append(descriptor)
        return
      }
      documents.append(ContentDocument(descriptor: descriptor, blobs: parts, diffIDs: diffIDs(manifest)))
    }
  }

  private func diffIDs(_ manifest: Manifest) -> [Digest] {
    guard MediaType.isConfig(manifest.config.mediaType), let bytes = try? store.read(manifest.config.digest),
      let config: ImageConfig = try? JSON.decode(bytes, "configuration"), config.rootfs.diffIDs.count == manifest.layers.count
    else { return [] }
    return config.rootfs.diffIDs
  }
}
