// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// Something that the store keeps, and why.
package struct KeptObject: Sendable, Hashable {
  package enum Kind: String, Sendable {
    case image, layer, blob
  }

  /// An image's ID, a layer's chain ID or diff ID, a blob's digest.
  package let object: Digest
  package let kind: Kind
  /// Bytes: of an image those of its unpacked layers, of a download those on disk.
  package let size: Int64
  /// None: it goes with the next collection; an image with `docker image prune`.
  package var reasons: [KeepReason]
}

/// One reason to keep something.
package struct KeepReason: Sendable, Hashable {
  package enum Kind: String, Sendable, Comparable {
    case tag, digest, container, child, index, referrer, image, step, operation, download

    package static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
  }

  package let kind: Kind
  /// A reference, an ID or a digest; of a container what it holds layers by, of a step of the build cache its instruction and its ID.
  package let name: String

  package init(_ kind: Kind, _ name: String) {
    self.kind = kind
    self.name = name
  }
}
