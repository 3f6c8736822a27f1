// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem

/// The tree that an archive is unpacked into.
final class TargetTree {
  private let root: Int32
  private let base: [UInt8]
  private let options: ExtractOptions
  private let resolve: UInt64
  private var cache = DirectoryCache()
  /// Something that was there, of the archive itself or from before, has been taken away.
  private(set) var hasReplaced = false

  init(root: Int32, base: String, options: ExtractOptions) throws(HullError) {
    self.root = root
    self.options = options
    self.base = Array(base.utf8)
    resolve = Resolve.noMagicLinks | (options.followsLinks ? Resolve.inRoot : Resolve.beneath)
    if open([]) == nil { throw systemFailure("cannot open the directory to unpack into") }
  }

  /// Puts the times of directories back.
  func finish() { cache.flush() }

  // MARK: Entries

  /// Makes something that has no content: a link, a device, a pipe.
  func put(_ entry: TarEntry, at path: EntryPath, _ call: (Int32) -> Int32) throws(EntryProblem) {
    _ = try make(entry, at: path, call)
    let directory = try parent(of: path)
    let owner = options.owner ?? ExtractOptions.Owner(uid: entry.uid, gid: entry.gid)
    guard FileCalls.named(path.leaf, { fchownat(directory.fd, $0, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) }) == 0 else {
      throw .call("cannot set its owner")
    }
    if entry.kind != .symbolicLink, FileCalls.named(path.leaf, { fchmodat(directory.fd, $0, entry.mode, 0) }) != 0 {
      throw .call("cannot set its mode")
    }
    try setAttributes(of: entry) { FileCalls.setAttribute(directory.fd, path.leaf, $0) }
    FileCalls.setTimes(directory.fd, path.leaf, entry.modified.timespec)
  }

  /// Runs a call that makes the entry's last component in its directory (given by descriptor); what is in the way is removed first.
  /// - Returns: what the call returned.
  func make(_ entry: TarEntry, at path: EntryPath, _ call: (Int32) -> Int32) throws(EntryProblem) -> Int32 {
    let directory = try parent(of: path)
    directory.touch()
    let result = call(directory.fd)
    if result >= 0 { return result }
    guard errno == EEXIST else { throw .call("cannot create it") }
    try clear(path, in: directory, for: entry)
    let again = try parent(of: path)
    again.touch()
    let second = call(again.fd)
    guard second >= 0 else { throw .call("cannot create it") }
    return second
  }

  func putDirectory(_ entry: TarEntry, at path: EntryPath) throws(EntryProblem) {
    let directory = try parent(of: path)
    var hidesLower = false
    if FileCalls.makeDirectory(directory.fd, path.leaf, 0o700) != 0 {
      guard errno == EEXIST, let status = FileCalls.status(directory.fd, path.leaf) else { throw .call("cannot create it") }
      if !status.isDirectory {
        hidesLower = status.isWhiteout
        _ = try make(entry, at: path) { FileCalls.makeDirectory($0, path.leaf, 0o700) }
      }
    } else {
      directory.touch()
    }
    let whole = path.whole
    let made = try opened(whole, at: path)
    if hidesLower { try setOpaque(made) }
    try dress(made.fd, as: entry)
    made.times = (entry.modified.timespec, entry.modified.timespec)
    cache.insert(made, at: whole)
  }

  /// The directory that everything is unpacked into.
  func dressRoot(_ entry: TarEntry) throws(EntryProblem) {
    guard let root = try directory([], create: false) else { throw .call("cannot open the root") }
    try dress(root.fd, as: entry)
    root.times = (entry.modified.timespec, entry.modified.timespec)
    root.touch()
  }

  func putHardLink(_ entry: TarEntry, at path: EntryPath) throws(EntryProblem) {
    guard let target = EntryPath(entry.link) else { throw .refused("its link target \(show(entry.link)) contains \"..\"") }
    guard !target.isRoot else { throw .refused("it is a hard link to the root directory") }
    guard target != path else { throw .refused("it is a hard link to itself") }
    guard let from = try directory(target.parent, create: false) else {
      throw .refused("it is a hard link to \(show(entry.link)), which is not in the archive before it")
    }
    let directory = try parent(of: path)
    guard let status = FileCalls.status(from.fd, target.leaf), !status.isWhiteout || !options.whiteouts else {
      throw .refused("it is a hard link to \(show(entry.link)), which is not in the archive before it")
    }
    guard !status.isDirectory else { throw .refused("it is a hard link to the directory \(show(entry.link))") }
    // Already the same file: an archive that was appended to.
    if let old = FileCalls.status(directory.fd, path.leaf), old.st_ino == status.st_ino, old.st_dev == status.st_dev { return }
    _ = try make(entry, at: path) { to in
      FileCalls.named(target.leaf) { old in FileCalls.named(path.leaf) { linkat(from.fd, old, to, $0, 0) } }
    }
  }

  /// Owner, mode, attributes and times of an open file or directory; in this order, because a change of owner takes set-ID bits and
  /// capabilities away.
  func dress(_ fd: Int32, as entry: TarEntry) throws(EntryProblem) {
    let owner = options.owner ?? ExtractOptions.Owner(uid: entry.uid, gid: entry.gid)
    guard fchown(fd, owner.uid, owner.gid) == 0 else { throw .call("cannot set its owner") }
    guard fchmod(fd, entry.mode) == 0 else { throw .call("cannot set its mode") }
    try setAttributes(of: entry) { FileCalls.setAttribute(fd, $0) }
    let time = entry.modified.timespec
    FileCalls.setTimes(fd, time, time)
  }

  // MARK: Whiteouts

  /// Hides everything that the layers below have in this directory.
  func makeOpaque(_ path: [UInt8]) throws(EntryProblem) {
    guard let directory = try directory(path, create: true) else { return }
    if options.lower != nil { try setOpaque(directory) }
  }

  /// Hides one name of the layers below. What this layer itself has under that name stays, alone.
  func hide(_ name: [UInt8], in path: [UInt8]) throws(EntryProblem) {
    guard !name.isEmpty, name != Array(".".utf8), name != Array("..".utf8) else { throw .refused("it hides nothing that has a name") }
    guard let directory = try directory(path, create: true), options.lower != nil else { return }
    directory.touch()
    if FileCalls.makeNode(directory.fd, name, S_IFCHR, 0) == 0 { return }
    guard errno == EEXIST, let status = FileCalls.status(directory.fd, name) else { throw .call("cannot create a whiteout") }
    guard status.isDirectory else { return }
    let fd = FileCalls.open(directory.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    guard fd >= 0 else { throw .call("cannot open the directory that it hides") }
    try setOpaque(OpenDirectory(fd))
  }

  private func setOpaque(_ directory: OpenDirectory) throws(EntryProblem) {
    guard fsetxattr(directory.fd, FileCalls.opaque, "y", 1, 0) == 0 else { throw .call("cannot mark a directory as opaque") }
  }

  // MARK: Directories

  private func parent(of path: EntryPath) throws(EntryProblem) -> OpenDirectory {
    guard let directory = try directory(path.parent, create: true) else { throw .refused("its directory is not there") }
    return directory
  }

  /// - Returns: `nil` when it is not there and shall not be made.
  private func directory(_ path: [UInt8], create: Bool) throws(EntryProblem) -> OpenDirectory? {
    if let cached = cache[path] { return cached }
    if let opened = open(path) {
      cache.insert(opened, at: path)
      return opened
    }
    try refuseEscape(path)
    guard create else { return nil }
    return try makeMissing(path)
  }

  /// From the root down, makes what the archive left out.
  private func makeMissing(_ path: [UInt8]) throws(EntryProblem) -> OpenDirectory {
    guard var current = try directory([], create: false) else { throw .call("cannot open the root") }
    var prefix: [UInt8] = []
    for component in path.split(separator: UInt8(ascii: "/")) {
      prefix += prefix.isEmpty ? Array(component) : [UInt8(ascii: "/")] + component
      if let next = try directory(prefix, create: false) {
        current = next
      } else {
        current = try makeImplied(Array(component), in: current, path: prefix)
        cache.insert(current, at: prefix)
      }
    }
    return current
  }

  private func makeImplied(_ name: [UInt8], in parent: OpenDirectory, path: [UInt8]) throws(EntryProblem) -> OpenDirectory {
    parent.touch()
    var hidesLower = false
    if FileCalls.makeDirectory(parent.fd, name, 0o755) != 0 {
      guard errno == EEXIST, let status = FileCalls.status(parent.fd, name) else { throw .call("cannot create its directory \(show(path))") }
      guard options.whiteouts, status.isWhiteout else {
        let what = status.isSymbolicLink ? "a symbolic link that leads nowhere" : "not a directory"
        throw .refused("its path goes through \(show(path)), which is \(what)")
      }
      hidesLower = true
      guard FileCalls.unlink(parent.fd, name) == 0, FileCalls.makeDirectory(parent.fd, name, 0o755) == 0 else {
        throw .call("cannot create its directory \(show(path))")
      }
    }
    let fd = FileCalls.open(parent.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    guard fd >= 0 else { throw .call("cannot open its directory \(show(path))") }
    let directory = OpenDirectory(fd)
    if hidesLower { try setOpaque(directory) } else { try copyLowerAttributes(of: path, to: directory) }
    if let owner = options.owner { fchown(fd, owner.uid, owner.gid) }
    return directory
  }

  /// A directory that only appears in paths keeps what it was in the layer below.
  private func copyLowerAttributes(of path: [UInt8], to directory: OpenDirectory) throws(EntryProblem) {
    var entry = TarEntry(kind: .directory, path: path, mode: 0o755)
    guard options.whiteouts, let lower = options.lower else { return }
    let layers: [String]
    do throws(HullError) { layers = try lower.directories() } catch { throw .failed(error) }
    guard LowerLayers.fill(&entry, from: layers) else { return }
    try dress(directory.fd, as: entry)
    directory.times = (entry.modified.timespec, entry.modified.timespec)
  }

  private func opened(_ whole: [UInt8], at path: EntryPath) throws(EntryProblem) -> OpenDirectory {
    if let cached = cache[whole] { return cached }
    let directory = try parent(of: path)
    let fd = FileCalls.open(directory.fd, path.leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    guard fd >= 0 else { throw .call("cannot open it") }
    return OpenDirectory(fd)
  }

  private func open(_ path: [UInt8]) -> OpenDirectory? {
    let whole = base.isEmpty ? path : path.isEmpty ? base : base + [UInt8(ascii: "/")] + path
    let fd = FileCalls.open(root, whole, O_RDONLY | O_DIRECTORY, resolve: resolve)
    guard fd >= 0 else { return nil }
    let directory = OpenDirectory(fd)
    if options.whiteouts, !path.isEmpty { directory.keepTimes() }
    return directory
  }

  /// After a failed `open`: what is missing can be made; what is in the way or leads outside cannot.
  private func refuseEscape(_ path: [UInt8]) throws(EntryProblem) {
    switch errno {
    case ENOENT, ENOTDIR: return
    case EXDEV: throw .refused("its path goes through a symbolic link that leads outside (\(show(path)))")
    case ELOOP: throw .refused("its path goes through symbolic links in a circle (\(show(path)))")
    default: throw .call("cannot open the directory \(show(path))")
    }
  }

  // MARK: What is in the way

  private func clear(_ path: EntryPath, in directory: OpenDirectory, for entry: TarEntry) throws(EntryProblem) {
    guard let old = FileCalls.status(directory.fd, path.leaf) else { return }
    if options.keepsKinds, old.isDirectory != (entry.kind == .directory) {
      let (what, with) = old.isDirectory ? ("directory", "non-directory") : ("non-directory", "directory")
      throw .refused("cannot overwrite \(what) with \(with)")
    }
    if old.isDirectory || old.isSymbolicLink { cache.flush() }
    hasReplaced = true
    do throws(HullError) { try TreeRemoval.remove(path.leaf, in: directory.fd) } catch { throw .failed(error) }
  }

  /// Overlayfs's own attributes are left out: an archive could rearrange the layers with them.
  private func setAttributes(of entry: TarEntry, _ set: (TarEntry.Attribute) -> Int32) throws(EntryProblem) {
    for attribute in entry.attributes where !FileCalls.isOverlay(attribute.name) {
      // As with Docker: file systems and kernels without the attribute do without it.
      if set(attribute) != 0, errno != ENOTSUP, errno != EPERM {
        throw .call("cannot set the extended attribute \(show(attribute.name))")
      }
    }
  }

  private func show(_ bytes: [UInt8]) -> String { TarEntry(kind: .regular, path: bytes, mode: 0).name }
}
