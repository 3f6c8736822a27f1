// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// What is known of an unpacked layer.
package struct LayerInfo: Sendable, Hashable {
  package let chain: Digest
  package let diffID: Digest
  /// Bytes of its regular files.
  package let size: Int64

  package init(chain: Digest, diffID: Digest, size: Int64) {
    self.chain = chain
    self.diffID = diffID
    self.size = size
  }
}

/// Unpacked layers, one directory per chain ID: `root/<hex>/fs`. A layer is seen whole or not at all.
///
/// They are kept by chain ID, not by diff ID, because a directory that a layer leaves out looks as in the layers below it.
package final class LayerStore: Sendable {
  package let root: String
  let directory: Int32
  /// Chains that somebody is unpacking.
  let unpacking = Monitor<Set<Digest>>([])
  /// Names of directories that are just being filled or emptied.
  let temporaries = NamesInUse()

  static let temporaryPrefix = ".new-"
  static let trashPrefix = ".old-"
  static let infoName = "layer"

  /// Opens the store or makes an empty one. What an interrupted run was making or removing is removed.
  package init(root: String) throws(HullError) {
    self.root = root
    // Containers' root directories are reached through here by processes of any user.
    directory = try DurableFiles.directory(root, mode: 0o711)
    for name in try DurableFiles.names(directory) where name.hasPrefix(".") { try TreeRemoval.remove(Array(name.utf8), in: directory) }
  }

  deinit { close(directory) }

  /// Chain IDs of a stack, lowest first.
  package static func chains(_ diffIDs: [Digest]) -> [Digest] { Chain.ids(diffIDs, sha256: SHA256.digest(of:)) }

  /// The file system of one layer.
  package func path(of chain: Digest) -> String { "\(root)/\(chain.hex)/fs" }

  /// The directories of a stack of layers, topmost first, as an overlay mount takes them.
  package func lowerDirectories(_ diffIDs: [Digest]) -> [String] { LayerStore.chains(diffIDs).reversed().map(path(of:)) }

  /// `nil` when the layer is not here.
  package func info(_ chain: Digest) -> LayerInfo? {
    guard let text = try? Files.readText("\(chain.hex)/\(LayerStore.infoName)", limit: 4096, at: directory) else { return nil }
    let words = text.split(separator: " ")
    guard words.count == 2, let diffID = try? Digest(String(words[0])), let size = Int64(words[1]) else { return nil }
    return LayerInfo(chain: chain, diffID: diffID, size: size)
  }

  /// Every layer that is here.
  package func all() throws(HullError) -> [Digest] {
    try DurableFiles.names(directory).compactMap { try? Digest("sha256:\($0)") }
  }

  /// Whether the layer has a directory, be it whole or damaged.
  package func isHere(_ chain: Digest) -> Bool { (try? Files.status(chain.hex, at: directory, flags: AT_SYMLINK_NOFOLLOW)) != nil }

  /// Names in the store's directory that are neither layers nor in use.
  package func strangers() throws(HullError) -> [String] {
    try DurableFiles.names(directory).filter { (try? Digest("sha256:\($0)")) == nil && !temporaries.contains($0) }.sorted()
  }

  /// Removes one of them.
  /// - Returns: `false`: somebody has begun to use it.
  package func removeStranger(_ name: String) throws(HullError) -> Bool {
    try temporaries.unlessUsed(name) { () throws(HullError) in try TreeRemoval.remove(Array(name.utf8), in: directory) } != nil
  }

  /// Takes a layer out of sight; `empty(_:)` on the result removes it. `nil` when it is not there.
  package func discard(_ chain: Digest) throws(HullError) -> String? {
    let trash = DurableFiles.uniqueName(LayerStore.trashPrefix)
    temporaries.add(trash)
    guard renameat(directory, chain.hex, directory, trash) == 0 else {
      let reason = errno
      temporaries.drop(trash)
      if reason == ENOENT { return nil }
      throw HullError("cannot remove layer \(chain)", SystemError(reason, "rename"))
    }
    return trash
  }

  package func empty(_ trash: String) throws(HullError) {
    defer { temporaries.drop(trash) }
    try TreeRemoval.remove(Array(trash.utf8), in: directory)
  }
}
