// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// The digest of an image's configuration, as `docker images` shows it.
package typealias ImageID = Digest

/// One image, as the database knows it.
package struct ImageRecord: Sendable, Hashable {
  package let id: ImageID
  package let config: ImageConfig
  /// The bytes whose digest is `id`.
  package let rawConfig: [UInt8]
  /// What the image's tags point at: its manifest, kept byte for byte.
  package let manifest: Descriptor
  /// Sorted; only references with a tag.
  package let tags: [Reference]
  /// Sorted; only references by digest (`name@sha256:…`).
  package let digests: [Reference]
  /// Bytes of the unpacked layers.
  package let size: Int64
  /// The image this one was committed from on this machine.
  package let parent: ImageID?
  /// Nanoseconds since 1970: when the image came in, and when one of its tags last moved.
  package let added: Int64
  package let tagged: Int64?
  /// Nanoseconds since 1970: when a container last needed it, or a pull found it there; 0: never.
  package let used: Int64
  /// What kind of artifact it is, when it is no image that could run.
  package let artifactType: String?
  /// Its names stand for indexes whose image for this machine is another one.
  package let isOnlyVariant: Bool

  /// Nanoseconds since 1970: when somebody last had a use for it.
  package var lastUse: Int64 { max(added, tagged ?? 0, used) }
  package var diffIDs: [Digest] { config.rootfs.diffIDs }
  package var labels: [String: String] { config.config.labels ?? [:] }
  /// No tag points at it.
  package var isDangling: Bool { tags.isEmpty && digests.isEmpty }
}

/// What a load brought in.
package struct LoadedImage: Sendable, Hashable {
  package let id: ImageID
  /// `nil`: the archive gave it no name.
  package let reference: Reference?
  /// The image that had the name before.
  package let replaced: ImageID?

  package init(id: ImageID, reference: Reference?, replaced: ImageID? = nil) {
    self.id = id
    self.reference = reference
    self.replaced = replaced
  }

  /// Docker's line: `Loaded image: busybox:latest` or `Loaded image ID: sha256:…`.
  package var message: String { reference.map { "Loaded image: \($0.familiar)" } ?? "Loaded image ID: \(id)" }
}

/// One step of a removal, in the order in which it happened.
package enum Removal: Sendable, Hashable {
  /// A reference, in its familiar form.
  case untagged(String)
  /// An image's ID.
  case deletedImage(ImageID)
  /// A layer's chain ID.
  case deletedLayer(Digest)
}

/// A container that uses an image.
package struct ImageHolder: Sendable, Hashable {
  /// The container's whole ID.
  package let id: String
  package let running: Bool

  package init(id: String, running: Bool) {
    self.id = id
    self.running = running
  }
}

/// One line of `docker history`, newest first.
package struct HistoryLine: Sendable, Hashable {
  /// `<missing>` for all but the images that are here.
  package internal(set) var id: String
  /// Seconds since 1970.
  package let created: Int64
  package let createdBy: String
  package let comment: String
  package internal(set) var tags: [String]
  /// Bytes of the layer, 0 for a metadata step.
  package let size: Int64
}

/// Which images a list shows (`docker images --filter`); all that are given must hold.
package struct ImageFilter: Sendable {
  /// Also untagged images that others were committed from (`docker images --all`).
  package var all = false
  /// Also images for other platforms that share a name with one for this machine.
  package var variants = false
  package var dangling: Bool?
  /// `key` or `key=value`; all must hold.
  package var labels: [String] = []
  /// `key` or `key=value`; none may hold (`label!=`).
  package var notLabels: [String] = []
  /// Patterns over familiar names (`path.Match`); one must hold.
  package var references: [String] = []
  /// An image's name or ID: only images made before it.
  package var before: [String] = []
  package var since: [String] = []
  /// Nanoseconds since 1970: only images made before that.
  package var until: Int64?
  package init() {}
}
