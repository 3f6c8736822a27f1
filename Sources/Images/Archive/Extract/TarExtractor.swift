// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem

/// Puts the entries of an archive below a directory, and nothing anywhere else.
///
/// Every parent directory is resolved by the kernel inside the root (openat2) and kept open; the last step never follows a link and never
/// opens what was there before. An entry that cannot be put in its place stops everything with an error that names it.
package final class TarExtractor {
  /// What was unpacked.
  package struct Summary: Sendable, Hashable {
    package var entries = 0
    /// Bytes of the archive's regular files.
    package var bytes: Int64 = 0
    /// An entry took the place of another, which counts in `bytes` too.
    package var hasReplaced = false
  }

  let tree: TargetTree
  private let options: ExtractOptions
  private let disk: DiskGuard
  private var summary = Summary()

  /// - Parameters:
  ///   - root: a directory, the caller's; `/` to everything in the archive.
  ///   - base: a directory below it to which the entries are relative.
  package init(root: Int32, base: String = "", disk: DiskGuard, options: ExtractOptions) throws(HullError) {
    tree = try TargetTree(root: root, base: base, options: options)
    self.options = options
    self.disk = disk
  }

  /// Unpacks all that is left in the reader.
  package func extract(_ reader: TarReader) throws(HullError) -> Summary {
    while let entry = try reader.next() {
      do throws(EntryProblem) {
        try put(entry, reader)
      } catch {
        throw error.error(for: entry)
      }
      summary.entries += 1
    }
    tree.finish()
    summary.hasReplaced = tree.hasReplaced
    return summary
  }

  private func put(_ entry: TarEntry, _ reader: TarReader) throws(EntryProblem) {
    guard let path = EntryPath(entry.path) else { throw .refused("its path contains \"..\"") }
    if path.isRoot {
      // As with Docker the root's own attributes stay: archives made of a private temporary directory would lock everybody out.
      guard entry.kind == .directory else { throw .refused("it would replace the root directory") }
      if options.dressesRoot { try tree.dressRoot(entry) }
      return
    }
    if options.whiteouts {
      switch Whiteout(path) {
      case .none: break
      case .bookkeeping: return
      case .opaque: return try tree.makeOpaque(path.parent)
      case .hides(let name): return try tree.hide(name, in: path.parent)
      }
    }
    do throws(HullError) { try disk.take(entry.size + 512, for: "archive entry \(entry.name)") } catch { throw .failed(error) }
    summary.bytes += entry.size
    switch entry.kind {
    case .directory: try tree.putDirectory(entry, at: path)
    case .regular: try putFile(entry, at: path, reader)
    case .hardLink: try tree.putHardLink(entry, at: path)
    case .symbolicLink: try tree.put(entry, at: path) { FileCalls.makeLink(entry.link, $0, path.leaf) }
    case .fifo: try tree.put(entry, at: path) { FileCalls.makeNode($0, path.leaf, S_IFIFO | 0o600) }
    case .characterDevice, .blockDevice:
      let type = entry.kind == .blockDevice ? S_IFBLK : S_IFCHR
      try tree.put(entry, at: path) { FileCalls.makeNode($0, path.leaf, type | 0o600, hull_makedev(entry.major, entry.minor)) }
    }
  }

  private func putFile(_ entry: TarEntry, at path: EntryPath, _ reader: TarReader) throws(EntryProblem) {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
    let fd = try tree.make(entry, at: path) { FileCalls.open($0, path.leaf, flags, mode: 0o600) }
    defer { close(fd) }
    try copy(reader, to: fd, size: entry.size)
    try tree.dress(fd, as: entry)
  }

  private func copy(_ reader: TarReader, to fd: Int32, size: Int64) throws(EntryProblem) {
    var end: Int64 = 0
    var behind = WriteBehind()
    do throws(HullError) {
      while let (offset, bytes) = try reader.data() {
        if offset != end { lseek(fd, off_t(offset), SEEK_SET) }
        try writeAll(fd, bytes, name: "file")
        behind.wrote(bytes.count, to: fd)
        end = offset + Int64(bytes.count)
      }
    } catch {
      throw .failed(error)
    }
    if end != size, ftruncate(fd, off_t(size)) != 0 { throw .call("cannot set its size") }
  }
}

/// Why one entry cannot be put in its place.
enum EntryProblem: Error {
  /// It must not be.
  case refused(String)
  /// The system did not let us; takes errno where it is made.
  case system(String, Int32)
  /// Something that already says what it is about.
  case failed(HullError)

  static func call(_ what: String) -> EntryProblem { .system(what, errno) }

  func error(for entry: TarEntry) -> HullError {
    switch self {
    case .refused(let why): HullError(.invalidArgument, "archive entry \(entry.name): refused: \(why)")
    case .system(let what, let code): systemFailure("archive entry \(entry.name): \(what)", code)
    case .failed(let error):
      error.message.contains(entry.name) ? error : HullError(error.code, "archive entry \(entry.name): \(error.message)", cause: error.cause)
    }
  }
}

/// Writes all of it.
func writeAll(_ fd: Int32, _ bytes: UnsafeRawBufferPointer, name: String) throws(HullError) {
  var rest = bytes
  while !rest.isEmpty {
    let count = uninterrupted { write(fd, rest.baseAddress, rest.count) }
    guard count > 0 else { throw systemFailure("cannot write \(name)") }
    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
  }
}
