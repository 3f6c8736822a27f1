// SPDX-License-Identifier: Apache-2.0
import Archive
import CLinux
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// A directory of the host as a tree: a Git checkout, a stage's root file system. No path leads out of it, no symbolic link is followed.
///
/// Somebody else may change it meanwhile: what is gone is not there. Sockets are left out; names must be UTF-8.
package final class DirectoryTree: FileTree {
  private let root: OwnedDescriptor
  private let place: String

  /// - Parameter path: an existing directory of the host; links in it are followed.
  package convenience init(path: String) throws(HullError) {
    self.init(
      try step("cannot read files from \(path)") { () throws(SystemError) in try Files.open(path, OpenFlag.path | O_DIRECTORY) }, place: path)
  }

  /// - Parameters:
  ///   - root: of the directory.
  ///   - place: what messages call it.
  package init(_ root: consuming OwnedDescriptor, place: String) {
    self.root = root
    self.place = place
  }

  package func node(_ path: String) throws(HullError) -> TreeNode? {
    do {
      if path.isEmpty { return try node(".", in: root.number) }
      let (above, leaf) = TreePaths.split(path)
      let parent = try open(above, OpenFlag.path | O_DIRECTORY)
      return try node(leaf, in: parent.number)
    } catch  where error.meansNothingThere {
      return nil
    } catch {
      throw failure(path, error)
    }
  }

  package func names(in directory: String) throws(HullError) -> [String] {
    let names: [[UInt8]]
    do throws(SystemError) {
      let fd = try open(directory, O_RDONLY | O_DIRECTORY)
      guard let all = DirectoryListing.names(fd.number) else { throw SystemError(errno, "readdir") }
      names = all
    } catch {
      throw failure(directory, error)
    }
    var texts: [String] = []
    for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      guard let text = String(validating: name, as: UTF8.self) else {
        throw HullError(
          .invalidArgument, "\(quoted(directory)) in \(place) has a file whose name is not UTF-8: \(quoted(String(decoding: name, as: UTF8.self)))")
      }
      texts.append(text)
    }
    return texts
  }

  package func digest(_ path: String) throws(HullError) -> Digest {
    let hash = SHA256()
    try read(path) { bytes in hash.update(bytes) }
    return hash.finish()
  }

  package func source(_ path: String) throws(HullError) -> any ByteSource {
    let file = try file(path)
    let status = try step("cannot read \(quoted(path)) in \(place)") { () throws(SystemError) in try Files.status(of: file.number) }
    guard status.isRegular else { throw HullError(.notFound, "\(quoted(path)) in \(place) is not a file") }
    return OwnedFileSource(file.take(), name: quoted(path))
  }

  private func file(_ path: String) throws(HullError) -> OwnedDescriptor {
    do { return try open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) } catch { throw failure(path, error) }
  }

  private func open(_ path: String, _ flags: Int32) throws(SystemError) -> OwnedDescriptor {
    try InRoot.open(root.number, path, flags, resolve: Resolve.noSymbolicLinks)
  }

  private func node(_ leaf: String, in parent: Int32) throws(SystemError) -> TreeNode? {
    let status = try Files.status(leaf, at: parent, flags: AT_SYMLINK_NOFOLLOW)
    guard let kind = TreeNode.Kind(status) else { return nil }
    var node = TreeNode(kind: kind, mode: status.st_mode & 0o7777)
    (node.uid, node.gid) = (status.st_uid, status.st_gid)
    node.modified = status.st_mtim.nanoseconds
    switch kind {
    case .regular:
      node.size = Int64(status.st_size)
      if status.st_nlink > 1 { node.inode = TreeNode.Inode(device: UInt64(status.st_dev), number: UInt64(status.st_ino)) }
    case .symbolicLink: node.link = try Files.readLink(leaf, at: parent)
    case .characterDevice, .blockDevice: node.device = (hull_major(status.st_rdev), hull_minor(status.st_rdev))
    case .directory, .fifo: break
    }
    if kind == .regular || kind == .directory { node.attributes = try attributes("\(Files.path(of: parent))/\(leaf)") }
    return node
  }

  /// Those that belong to the file and not to the host: capabilities and users' own. Only files and directories have them.
  private func attributes(_ path: String) throws(SystemError) -> [TarEntry.Attribute] {
    let names: [String]
    do { names = try ExtendedAttributes.names(path) } catch  where error.number == ENOTSUP { return [] }
    var attributes: [TarEntry.Attribute] = []
    for name in names.sorted() where name == "security.capability" || (name.hasPrefix("user.") && !name.hasPrefix("user.overlay.")) {
      attributes.append(TarEntry.Attribute(name: Array(name.utf8), value: try ExtendedAttributes.get(path, name)))
    }
    return attributes
  }

  private func failure(_ path: String, _ error: SystemError) -> HullError {
    if error.meansNothingThere { return HullError(.notFound, "\(quoted(path)) is not there in \(place)") }
    return HullError("cannot read \(quoted(path)) in \(place)", error)
  }
}

extension SystemError {
  /// The path has a component that is missing or no directory, or is a link, which nobody follows here.
  fileprivate var meansNothingThere: Bool { number == ENOENT || number == ENOTDIR || number == ELOOP }
}

extension TreeNode.Kind {
  /// `nil` for a socket.
  fileprivate init?(_ status: stat) {
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
