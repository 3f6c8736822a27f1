// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Writes a tree as archive entries, in the order of names: the same tree gives the same bytes.
package final class TreePacker {
  /// What is packed and how.
  package struct Options: Sendable {
    /// A container's own directory of the union: overlayfs's marks become whiteouts.
    package var whiteouts = false
    /// Paths (`/etc/hosts`) that are left out when nothing is in them: where a container's mounts lie.
    package var leaveOutEmpty: Set<String> = []
    /// Directories that are left out when nothing but such places is in them.
    package var leaveOutAround: Set<String> = []
    /// Seconds since 1970: later times of files become this one.
    package var latest: Int64?
    package init() {}
  }

  private let root: Int32
  private let writer: TarWriter
  private let options: Options
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
  private var links: [FileIdentity: [UInt8]] = [:]
  /// Bytes of regular files, each once.
  package private(set) var size: Int64 = 0

  /// - Parameter root: nothing outside of it is ever read; stays the caller's.
  package init(root: Int32, writer: TarWriter, options: Options = Options()) {
    self.root = root
    self.writer = writer
    self.options = options
  }

  deinit { buffer.deallocate() }

  /// Packs what `path` (below the root, no links in it) names, under the name `name`; with `name` empty a directory's contents only.
  package func pack(_ path: [UInt8], as name: [UInt8]) throws(HullError) {
    var pending: [(path: [UInt8], name: [UInt8])] = [(path, name)]
    while let (path, name) = pending.popLast() {
      guard let children = try packOne(path, as: name) else { continue }
      for child in children.reversed() { pending.append((join(path, child), join(name, child))) }
    }
  }

  /// - Returns: the names in it, when it is a directory.
  private func packOne(_ path: [UInt8], as name: [UInt8]) throws(HullError) -> [[UInt8]]? {
    guard let place = EntryPath(path) else { throw HullError(.invalidArgument, "cannot archive \(shown(path)): the path contains \"..\"") }
    let parent = try openDirectory(place.parent)
    defer { close(parent) }
    let leaf = place.isRoot ? [UInt8(ascii: ".")] : place.leaf
    // Somebody may remove files while we read: what is gone is not in the archive.
    guard let status = FileCalls.status(parent, leaf) else { return nil }
    if status.isDirectory { return try packDirectory(path, as: name) }
    if status.isRegular { try packFile(leaf, in: parent, as: name) } else { try packSpecial(leaf, in: parent, status, as: name) }
    return nil
  }

  private func packDirectory(_ path: [UInt8], as name: [UInt8]) throws(HullError) -> [[UInt8]] {
    let fd = try openDirectory(path)
    defer { close(fd) }
    var status = stat()
    guard fstat(fd, &status) == 0, let names = DirectoryListing.names(fd) else { throw systemFailure("cannot read \(shown(path))") }
    if leavesOut(path) || isAroundPlaces(path, names, fd), names.allSatisfy({ leavesOut(join(path, $0)) && isEmpty(FileCalls.status(fd, $0)) }) {
      return names
    }
    if !name.isEmpty {
      var entry = entry(.directory, name, status)
      entry.attributes = AttributeReader.attributes(of: fd)
      try writer.begin(entry)
    }
    if options.whiteouts, DirectoryListing.isOpaque(fd) {
      try writer.begin(entry(.regular, join(name, Whiteout.opaqueName), status, mode: status.st_mode & 0o777))
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func packFile(_ leaf: [UInt8], in parent: Int32, as name: [UInt8]) throws(HullError) {
    let fd = FileCalls.open(parent, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    if fd < 0, errno == ENOENT { return }
    var status = stat()
    guard fd >= 0, fstat(fd, &status) == 0, status.isRegular else { throw systemFailure("cannot read \(shown(name))") }
    defer { close(fd) }
    if status.st_size == 0, leavesOut(name) { return }
    if let first = earlierLink(status, name) {
      var entry = entry(.hardLink, name, status)
      entry.link = first
      return try writer.begin(entry)
    }
    var entry = entry(.regular, name, status)
    entry.size = Int64(status.st_size)
    entry.attributes = AttributeReader.attributes(of: fd)
    size += entry.size
    try writer.begin(entry)
    try copy(fd, entry.size)
  }

  private func copy(_ fd: Int32, _ size: Int64) throws(HullError) {
    var left = size
    while left > 0 {
      let count = uninterrupted { read(fd, buffer.baseAddress, min(buffer.count, Int(left))) }
      guard count >= 0 else { throw systemFailure("cannot read a file for the archive") }
      if count == 0 { return try writer.fill() }
      try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      left -= Int64(count)
    }
  }

  private func packSpecial(_ leaf: [UInt8], in parent: Int32, _ status: stat, as name: [UInt8]) throws(HullError) {
    if options.whiteouts, status.isWhiteout {
      let directory = EntryPath(name)?.parent ?? []
      return try writer.begin(entry(.regular, join(directory, Whiteout.prefix + leaf), status, mode: 0o600))
    }
    let kind: TarEntry.Kind
    switch status.st_mode & S_IFMT {
    case S_IFLNK: kind = .symbolicLink
    case S_IFCHR: kind = .characterDevice
    case S_IFBLK: kind = .blockDevice
    case S_IFIFO: kind = .fifo
    default: return  // sockets mean nothing in an archive
    }
    var entry = entry(kind, name, status)
    if let first = earlierLink(status, name) {
      entry.kind = .hardLink
      entry.link = first
      return try writer.begin(entry)
    }
    entry.attributes = AttributeReader.attributes(of: leaf, in: parent)
    if kind == .symbolicLink {
      guard let target = LinkReader.target(of: leaf, in: parent) else { return }
      entry.link = target
    }
    if kind == .characterDevice || kind == .blockDevice {
      (entry.major, entry.minor) = (hull_major(status.st_rdev), hull_minor(status.st_rdev))
    }
    try writer.begin(entry)
  }

  // MARK: Helpers

  private func entry(_ kind: TarEntry.Kind, _ name: [UInt8], _ status: stat, mode: UInt32? = nil) -> TarEntry {
    var entry = TarEntry(kind: kind, path: name, mode: mode ?? status.st_mode & 0o7777)
    (entry.uid, entry.gid) = (status.st_uid, status.st_gid)
    // Whole seconds, as Docker writes layers.
    entry.modified = TarEntry.Time(seconds: min(Int64(status.st_mtim.tv_sec), options.latest ?? .max))
    return entry
  }

  /// The name under which the same file is in the archive already.
  private func earlierLink(_ status: stat, _ name: [UInt8]) -> [UInt8]? {
    guard status.st_nlink > 1 else { return nil }
    let identity = FileIdentity(device: status.st_dev, inode: status.st_ino)
    if let first = links[identity] { return first }
    links[identity] = name
    return nil
  }

  private func openDirectory(_ path: [UInt8]) throws(HullError) -> Int32 {
    let fd = FileCalls.open(root, path, O_RDONLY | O_DIRECTORY, resolve: Resolve.beneath | Resolve.noSymbolicLinks | Resolve.noMagicLinks)
    guard fd >= 0 else { throw systemFailure("cannot open the directory \(shown(path))") }
    return fd
  }

  private func isEmpty(_ status: stat?) -> Bool { status.map { $0.isDirectory || $0.st_size == 0 } ?? true }

  private func leavesOut(_ path: [UInt8]) -> Bool {
    !options.leaveOutEmpty.isEmpty && options.leaveOutEmpty.contains("/" + String(decoding: path, as: UTF8.self))
  }

  private func isAroundPlaces(_ path: [UInt8], _ names: [[UInt8]], _ fd: Int32) -> Bool {
    !names.isEmpty && options.leaveOutAround.contains("/" + String(decoding: path, as: UTF8.self)) && !DirectoryListing.isOpaque(fd)
      && AttributeReader.attributes(of: fd).isEmpty
  }

  private func join(_ path: [UInt8], _ name: [UInt8]) -> [UInt8] { path.isEmpty ? name : path + [UInt8(ascii: "/")] + name }
  private func shown(_ path: [UInt8]) -> String { quoted(String(decoding: path, as: UTF8.self)) }
}
