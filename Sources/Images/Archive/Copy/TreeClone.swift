// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Copies a tree as it is: owners, modes, times, extended attributes, hard links, devices, pipes, holes. Blocking.
///
/// Files share their blocks with the originals where the file system can do that. The tree may be in use: what goes away meanwhile is left
/// out, what is being written is copied as it is found. Neither path nor link ever leads out of the two trees.
package final class TreeClone {
  /// What was copied.
  package struct Summary: Sendable, Hashable {
    package var entries = 0
    /// Regular files, and how many of them share their blocks.
    package var files = 0
    package var shared = 0
  }

  private enum Step {
    /// A directory whose content is to be copied.
    case enter([UInt8])
    /// The same directory when all that is in it is there: only now its time stays.
    case leave([UInt8])
  }

  private let source: Int32
  private let target: Int32
  private let data = FileData()
  private var links: [FileIdentity: [UInt8]] = [:]
  private var summary = Summary()

  /// - Parameters:
  ///   - source: a directory; stays the caller's.
  ///   - target: an empty directory; stays the caller's. It gets the source's attributes too.
  package init(from source: Int32, to target: Int32) {
    self.source = source
    self.target = target
  }

  package func run() throws(HullError) -> Summary {
    var pending = [Step.enter([])]
    while let step = pending.popLast() {
      switch step {
      case .leave(let path): try dressDirectory(path)
      case .enter(let path):
        pending.append(.leave(path))
        for directory in try copyContent(of: path) { pending.append(.enter(directory)) }
      }
    }
    (summary.files, summary.shared) = (data.files, data.shared)
    return summary
  }

  /// - Returns: the directories in it, which are made and still empty.
  private func copyContent(of path: [UInt8]) throws(HullError) -> [[UInt8]] {
    guard let from = try openSource(path) else { return [] }
    let to = try openTarget(path)
    guard let names = DirectoryListing.names(from.number) else { throw systemFailure("cannot read \(shown(path))") }
    var directories: [[UInt8]] = []
    for name in names {
      guard let status = FileCalls.status(from.number, name) else { continue }
      let whole = path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
      summary.entries += 1
      if status.isDirectory {
        guard FileCalls.makeDirectory(to.number, name, 0o700) == 0 else { throw systemFailure("cannot create \(shown(whole))") }
        directories.append(whole)
      } else if try !linkEarlier(status, name, whole, in: to.number) {
        try copy(name, status, from: from.number, to: to.number, shown: shown(whole))
      }
    }
    return directories
  }

  private func copy(_ name: [UInt8], _ status: stat, from: Int32, to: Int32, shown: String) throws(HullError) {
    if status.isRegular { return try data.copy(name, from: from, to: to, shown: shown) }
    if status.isSymbolicLink {
      guard let link = LinkReader.target(of: name, in: from) else { return }
      guard FileCalls.makeLink(link, to, name) == 0 else { throw systemFailure("cannot create \(shown)") }
    } else {
      guard FileCalls.makeNode(to, name, status.st_mode, status.st_rdev) == 0 else { throw systemFailure("cannot create \(shown)") }
    }
    guard FileCalls.named(name, { fchownat(to, $0, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) }) == 0,
      status.isSymbolicLink || FileCalls.named(name, { fchmodat(to, $0, status.st_mode & 0o7777, 0) }) == 0
    else { throw systemFailure("cannot set owner and mode of \(shown)") }
    for attribute in AttributeReader.attributes(of: name, in: from, all: true) where FileCalls.setAttribute(to, name, attribute) != 0 {
      throw systemFailure("cannot set an extended attribute of \(shown)")
    }
    FileCalls.setTimes(to, name, status.st_atim, status.st_mtim)
  }

  /// Another name of a file that has been copied becomes another name of the copy.
  private func linkEarlier(_ status: stat, _ name: [UInt8], _ whole: [UInt8], in directory: Int32) throws(HullError) -> Bool {
    guard status.st_nlink > 1 else { return false }
    let identity = FileIdentity(device: status.st_dev, inode: status.st_ino)
    guard let first = links[identity], let place = EntryPath(first) else {
      links[identity] = whole
      return false
    }
    let from = try openTarget(place.parent)
    let made = FileCalls.named(place.leaf) { old in FileCalls.named(name) { linkat(from.number, old, directory, $0, 0) } }
    if made == 0 { return true }
    // The first name went away before its content was copied.
    guard errno == ENOENT else { throw systemFailure("cannot link \(shown(whole))") }
    links[identity] = whole
    return false
  }

  private func dressDirectory(_ path: [UInt8]) throws(HullError) {
    guard let from = try openSource(path) else { return }
    let to = try openTarget(path)
    try FileDress.copy(from: from.number, to: to.number, shown: shown(path))
  }

  private func openSource(_ path: [UInt8]) throws(HullError) -> OwnedDescriptor? {
    let fd = Self.open(source, path)
    if fd < 0, errno == ENOENT || errno == ENOTDIR, !path.isEmpty { return nil }
    guard fd >= 0 else { throw systemFailure("cannot open \(shown(path))") }
    return OwnedDescriptor(fd)
  }

  private func openTarget(_ path: [UInt8]) throws(HullError) -> OwnedDescriptor {
    let fd = Self.open(target, path)
    guard fd >= 0 else { throw systemFailure("cannot open the copy of \(shown(path))") }
    return OwnedDescriptor(fd)
  }

  private static func open(_ root: Int32, _ path: [UInt8]) -> Int32 {
    FileCalls.open(root, path, O_RDONLY | O_DIRECTORY, resolve: Resolve.beneath | Resolve.noSymbolicLinks | Resolve.noMagicLinks)
  }

  private func shown(_ path: [UInt8]) -> String { quoted("/" + String(decoding: path, as: UTF8.self)) }
}

/// What makes two names one file.
struct FileIdentity: Hashable {
  let device: dev_t
  let inode: ino_t
}
