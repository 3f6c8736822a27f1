// SPDX-License-Identifier: Apache-2.0
import Archive
import CLinux
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// A directory of the host as a tree: a checkout, or the file system of a stage. No link is ever followed, so nothing outside of it is read.
package final class DirectoryTree: FileTree {
  private let root: Int32

  /// Opens a directory by its path. Throws when it cannot be opened.
  package init(path: String) throws(HullError) {
    root = try step("cannot read \(path)") { () throws(SystemError) in try Files.open(path, O_RDONLY | O_DIRECTORY) }.take()
  }

  /// Takes over a directory that is open.
  package init(descriptor: Int32) { root = descriptor }

  deinit { close(root) }

  package func node(_ path: String) throws(HullError) -> TreeNode? {
    guard let status = DirectoryListing.status(root, Array(path.utf8)), let kind = TreeNode.Kind(status) else { return nil }
    var node = TreeNode(kind: kind, mode: status.st_mode & 0o7777)
    (node.uid, node.gid) = (status.st_uid, status.st_gid)
    node.modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    switch kind {
    case .regular: node.size = Int64(status.st_size)
    case .symbolicLink: node.link = String(decoding: try TreeFile(root, Array(path.utf8)).linkTarget(), as: UTF8.self)
    case .characterDevice, .blockDevice: (node.major, node.minor) = (hull_major(status.st_rdev), hull_minor(status.st_rdev))
    default: break
    }
    if kind == .regular || kind == .directory { node.attributes = try attributes(path) }
    return node
  }

  private func attributes(_ path: String) throws(HullError) -> [TarEntry.Attribute] {
    let file = OwnedDescriptor(try TreeFile(root, Array(path.utf8)).open())
    let names = (try? ExtendedAttributes.names(file.number)) ?? []
    return names.sorted().compactMap { name in
      // What overlayfs and the host's security modules keep for themselves is not the file's.
      guard name == "security.capability" || name.hasPrefix("user."), !name.hasPrefix("user.overlay.") else { return nil }
      return (try? ExtendedAttributes.get(file.number, name)).map { TarEntry.Attribute(name: Array(name.utf8), value: $0) }
    }
  }

  package func names(in directory: String) throws(HullError) -> [String] {
    guard let found = DirectoryListing.contents(root, Array(directory.utf8)) else { throw systemFailure("cannot read the directory \(quoted(directory))") }
    return found.names.sorted { $0.lexicographicallyPrecedes($1) }.map { String(decoding: $0, as: UTF8.self) }
  }

  package func digest(_ path: String) throws(HullError) -> Digest {
    let hash = SHA256()
    try read(path) { hash.update($0) }
    return hash.finish()
  }

  package func source(_ path: String) throws(HullError) -> any ByteSource {
    OwnedFileSource(try TreeFile(root, Array(path.utf8)).open(), name: quoted(path))
  }
}

/// Reads a file and closes it.
private final class OwnedFileSource: ByteSource {
  private let fd: OwnedDescriptor
  private let source: FileSource

  init(_ number: Int32, name: String) {
    fd = OwnedDescriptor(number)
    source = FileSource(number, name: name)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int { try source.read(into: buffer) }
}

extension TreeNode.Kind {
  /// `nil` for sockets, which mean nothing elsewhere.
  init?(_ status: stat) {
    switch status.st_mode & S_IFMT {
    case S_IFREG: self = .regular
    case S_IFDIR: self = .directory
    case S_IFLNK: self = .symbolicLink
    case S_IFCHR: self = .characterDevice
    case S_IFBLK: self = .blockDevice
    case S_IFIFO: self = .fifo
    default: return nil
    }
  }
}
