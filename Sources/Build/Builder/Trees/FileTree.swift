// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// Files that a step copies from: a context, another stage, an image, a download. Read only. Blocking.
///
/// Paths are relative to the tree's root, without leading, trailing or double slashes, without `.` and `..`; the root is the empty path.
/// Symbolic links are never followed here: `TreePaths` does that, within the root.
package protocol FileTree: Sendable {
  /// `nil` when there is nothing.
  func node(_ path: String) throws(HullError) -> TreeNode?
  /// Names in a directory, sorted by their bytes.
  func names(in directory: String) throws(HullError) -> [String]
  /// The digest of a regular file's bytes.
  func digest(_ path: String) throws(HullError) -> Digest
  /// A regular file's bytes.
  func source(_ path: String) throws(HullError) -> any ByteSource
}

extension FileTree {
  /// Gives a regular file's bytes, in order.
  package func read(_ path: String, _ body: (UnsafeRawBufferPointer) throws(HullError) -> Void) throws(HullError) {
    // For a small file a small buffer: large memory is asked of the kernel each time.
    let size = min(max(try node(path)?.size ?? .max, 4096), Int64(BufferedChunks.usualSize))
    let chunks = BufferedChunks(try source(path), size: Int(size))
    while let chunk = try chunks.next() { try body(chunk) }
  }
}

/// A file of any kind, without its name.
package struct TreeNode: Sendable, Hashable {
  package enum Kind: UInt8, Sendable { case regular, directory, symbolicLink, characterDevice, blockDevice, fifo }

  package var kind: Kind
  /// Permission, set-ID and sticky bits.
  package var mode: UInt32
  package var uid: UInt32 = 0
  package var gid: UInt32 = 0
  /// Bytes of a regular file.
  package var size: Int64 = 0
  /// Nanoseconds since 1970.
  package var modified: Int64 = 0
  var extra: Extra?

  /// Tells which names of a tree are of one file: hard links.
  package struct Inode: Sendable, Hashable {
    package var device: UInt64
    package var number: UInt64
  }

  /// What few files have: apart, so that the many others are small.
  final class Extra: Sendable, Hashable {
    let link: String
    let device: (major: UInt32, minor: UInt32)
    let attributes: [TarEntry.Attribute]
    let inode: Inode?

    init(
      link: String = "", device: (major: UInt32, minor: UInt32) = (0, 0), attributes: [TarEntry.Attribute] = [], inode: Inode? = nil
    ) {
      (self.link, self.device, self.attributes, self.inode) = (link, device, attributes, inode)
    }

    static func == (one: Extra, other: Extra) -> Bool {
      one.link == other.link && one.device == other.device && one.attributes == other.attributes && one.inode == other.inode
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(link)
      hasher.combine(device.major)
      hasher.combine(device.minor)
      hasher.combine(attributes)
      hasher.combine(inode)
    }
  }

  /// What a symbolic link points at.
  package var link: String {
    get { extra?.link ?? "" }
    set { set(link: newValue, device: device, attributes: attributes, inode: inode) }
  }

  /// The numbers of a device.
  package var device: (major: UInt32, minor: UInt32) {
    get { extra?.device ?? (0, 0) }
    set { set(link: link, device: newValue, attributes: attributes, inode: inode) }
  }

  package var attributes: [TarEntry.Attribute] {
    get { extra?.attributes ?? [] }
    set { set(link: link, device: device, attributes: newValue, inode: inode) }
  }

  /// Of a regular file that may have several names in its tree; `nil`: it has one.
  package var inode: Inode? {
    get { extra?.inode }
    set { set(link: link, device: device, attributes: attributes, inode: newValue) }
  }

  private mutating func set(link: String, device: (major: UInt32, minor: UInt32), attributes: [TarEntry.Attribute], inode: Inode?) {
    let isPlain = link.isEmpty && device == (0, 0) && attributes.isEmpty && inode == nil
    extra = isPlain ? nil : Extra(link: link, device: device, attributes: attributes, inode: inode)
  }

  package init(kind: Kind, mode: UInt32) {
    self.kind = kind
    self.mode = mode
  }
}
