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
    let chunks = BufferedChunks(try source(path))
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
  /// What a symbolic link points at.
  package var link = ""
  package var major: UInt32 = 0
  package var minor: UInt32 = 0
  package var attributes: [TarEntry.Attribute] = []

  package init(kind: Kind, mode: UInt32) {
    self.kind = kind
    self.mode = mode
  }
}
