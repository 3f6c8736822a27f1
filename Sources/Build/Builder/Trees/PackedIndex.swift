// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// What the files of a tree are and where their bytes lie, in some hundred and fifty bytes for each file.
struct PackedIndex: Sendable {
  private struct Record {
    var kind = TreeNode.Kind.directory
    var hasBytes = false
    /// Nobody named it: a directory above something.
    var isImplied = true
    /// Which of the packs has its bytes.
    var pack: UInt16 = 0
    var mode: UInt32 = 0o755
    var uid: UInt32 = 0
    var gid: UInt32 = 0
    var modified: Int64 = 0
    var stretch = PackedBytes.Stretch.nothing
  }

  private static let mostFiles = 2_000_000
  private var table = PathTable()
  private var order = PathOrder(PathTable())
  private var records = [Record()]
  /// What few files have, by number.
  private var extras: [Int: TreeNode.Extra] = [:]

  /// How many files it has, with the directories that nobody named.
  var count: Int { records.count }

  /// Adds a file, or replaces the one of that path. Directories that nobody names are there, with mode 0755.
  /// - Parameter stretch: the bytes of a regular file.
  /// - Returns: its number.
  @discardableResult
  mutating func put(_ path: String, _ node: TreeNode, _ stretch: PackedBytes.Stretch? = nil, pack: Int = 0) throws(HullError) -> Int {
    guard path.utf8.split(separator: UInt8(ascii: "/")).allSatisfy({ $0.count <= PathTable.longestName }) else {
      throw HullError(.invalidArgument, "build context: \(quoted(String(path.prefix(80))))…: file name too long")
    }
    let number = table.insert(path)
    guard table.count <= Self.mostFiles else { throw HullError(.tooLarge, "build context: more than 2,000,000 files") }
    while records.count < table.count { records.append(Record()) }
    records[number] = Record(
      kind: node.kind, hasBytes: stretch != nil, isImplied: false, pack: UInt16(pack), mode: node.mode, uid: node.uid, gid: node.gid,
      modified: node.modified, stretch: stretch ?? .nothing)
    extras[number] = node.extra
    return number
  }

  /// Everything is in it: from now on directories can be listed.
  mutating func complete() { order = PathOrder(table) }

  func number(_ path: String) -> Int? { table.find(path) }

  func node(_ path: String) -> TreeNode? { table.find(path).map { node($0) } }

  /// Nobody named it: a directory above something.
  func isImplied(_ path: String) -> Bool { table.find(path).map { records[$0].isImplied } ?? false }

  func names(in directory: String) -> [String] {
    guard let number = table.find(directory) else { return [] }
    return order.children(of: number).map { table.name(Int($0)) }
  }

  /// The bytes of a regular file, and which pack has them.
  func stretch(_ path: String) throws(HullError) -> (stretch: PackedBytes.Stretch, pack: Int) {
    guard let number = table.find(path), records[number].hasBytes else {
      throw HullError(.notFound, "build context: \(quoted(path)) is not a file")
    }
    return (records[number].stretch, Int(records[number].pack))
  }

  /// The files that `rename` gives a path, with the same bytes.
  func filtered(_ rename: (String) -> String?) throws(HullError) -> PackedIndex {
    var index = PackedIndex()
    for number in records.indices where !records[number].isImplied {
      guard let path = rename(table.path(number)) else { continue }
      try index.put(path, node(number), records[number].hasBytes ? records[number].stretch : nil, pack: Int(records[number].pack))
    }
    index.complete()
    return index
  }

  private func node(_ number: Int) -> TreeNode {
    let record = records[number]
    var node = TreeNode(kind: record.kind, mode: record.mode)
    (node.uid, node.gid, node.modified) = (record.uid, record.gid, record.modified)
    if record.hasBytes { node.size = record.stretch.size }
    node.extra = extras[number]
    return node
  }
}
