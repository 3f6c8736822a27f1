// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import BuildWire
import Builder
import Errors
import OCISpec

/// The files that a sender announces, checked, as a listing that can be compared with an earlier one.
///
/// Paths are checked, kinds that have no place in a context are left out, and what is kept of them is bounded.
struct TreeAnnouncement {
  /// Bytes of paths, targets and attributes of one tree.
  private static let limit = 512 << 20
  private static let longestText = 1 << 16

  /// A file of the listing.
  struct Entry: Sendable {
    /// The sender's number for it.
    var id: UInt32
    /// Bytes that it may have; `Int64.max`: not told.
    var size: Int64
  }

  private(set) var entries: [Entry] = []
  private(set) var listing: [UInt8] = []
  private var paths = AnnouncedPaths()
  private var count: UInt32 = 0

  mutating func add(_ stat: SyncStat) throws(HullError) {
    let id = count
    count += 1
    try paths.check(stat.path, isDirectory: SyncMode.isDirectory(stat.mode))
    guard stat.size >= 0, stat.linkname.utf8.count <= Self.longestText else {
      throw HullError(.invalidArgument, "build context: \(quoted(stat.path)) cannot be a file")
    }
    guard let kind = SyncMode.listedKind(stat.mode) else { return }
    var file = ListedFile(kind: kind, path: stat.path, mode: SyncMode.permissions(stat.mode))
    (file.modified, file.changed) = (stat.modTime, stat.modTime)
    if kind == .regular { file.size = stat.size }
    if kind == .symbolicLink { file.link = stat.linkname }
    if let capability = stat.xattrs["security.capability"], capability.count <= Self.longestText { file.capability = Array(capability) }
    file.append(to: &listing)
    guard listing.count <= Self.limit, entries.count < 2_000_000 else { throw HullError(.tooLarge, "build context: too many files") }
    // A second name of a file comes without its size, but can be asked for like the first.
    let isLink = kind == .regular && !stat.linkname.isEmpty
    entries.append(Entry(id: id, size: isLink ? .max : file.size))
  }
}
