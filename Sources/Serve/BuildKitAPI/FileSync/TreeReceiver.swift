// SPDX-License-Identifier: Apache-2.0
import Archive
import Builder
import BuildKitProtocol
import Errors
import OCISpec
import Threads

/// Receives a tree of files by fsutil's protocol: the sender announces every file, this side asks for those whose bytes it wants.
///
/// The sender is not trusted: paths are checked, nothing is taken that was not asked for, and what waits in memory is bounded. Small files are
/// asked for many at a time and kept until they are whole; a large one is written as it comes.
struct TreeReceiver {
  /// Bytes of small files that are asked for at once.
  static let smallFilesLimit = 4 << 20
  /// Up to this size a file is small.
  static let smallFile: Int64 = 256 << 10
  private static let requestLimit = 512
  /// Bytes of paths and attributes of one tree.
  private static let indexLimit = 512 << 20

  private struct Announced {
    var path: String
    var node: TreeNode
  }
  private struct Incoming {
    var file: Announced
    var bytes: [UInt8] = []
  }

  private let request: (UInt32) -> Void
  private var output: PackOutput
  private var paths = AnnouncedPaths()
  private var announced: UInt32 = 0
  private var allAnnounced = false
  private var indexBytes = 0
  private var wanted = IndexedQueue<(id: UInt32, file: Announced)>()
  private var small: [UInt32: Incoming] = [:]
  private var smallBytes = 0
  private var large: (id: UInt32, left: Int64)?

  /// - Parameters:
  ///   - output: where the files go.
  ///   - request: asks for a file's bytes.
  init(into output: PackOutput, request: @escaping (UInt32) -> Void) { (self.output, self.request) = (output, request) }

  /// Everything has been received.
  var isComplete: Bool { allAnnounced && wanted.isEmpty && small.isEmpty && large == nil }

  mutating func receive(_ packet: SyncPacket) async throws {
    switch packet.type {
    case .stat where !packet.hasStat: allAnnounced = true
    case .stat: try announce(packet.stat)
    case .data: try await take(packet.data, for: packet.id)
    case .error: throw HullError(.invalidArgument, "build context: \(String(decoding: packet.data, as: UTF8.self))")
    case .request, .fin, .UNRECOGNIZED: throw HullError(.invalidArgument, "build context: the client sent a packet out of turn")
    }
    try await output.flushIfFull()
    ask()
  }

  /// The tree, when all has come.
  mutating func finish() async throws -> TreePack { try await output.finish() }

  private mutating func announce(_ stat: SyncStat) throws {
    guard !allAnnounced else { throw HullError(.invalidArgument, "build context: the client announced a file after the last") }
    let id = announced
    announced += 1
    indexBytes += stat.path.utf8.count + stat.linkname.utf8.count + stat.xattrs.reduce(64) { $0 + $1.key.utf8.count + $1.value.count }
    guard indexBytes <= Self.indexLimit else { throw HullError(.tooLarge, "build context: too many names and attributes") }
    try paths.check(stat.path, isDirectory: SyncMode.kind(stat.mode) == .directory)
    if SyncMode.isSocket(stat.mode) { return }
    let node = try TreeNode(stat)
    guard node.kind == .regular else { return output.add(stat.path, node) }
    if !stat.linkname.isEmpty { return output.link(stat.path, to: stat.linkname) }
    if node.size == 0 { return output.add(stat.path, node) }
    wanted.append((id, Announced(path: stat.path, node: node)))
  }

  /// Asks for as many files as there is room for.
  private mutating func ask() {
    while let next = wanted.first {
      if next.file.node.size > Self.smallFile {
        guard large == nil, small.isEmpty else { return }
        large = (next.id, next.file.node.size)
        output.begin(next.file.path, next.file.node)
      } else {
        guard large == nil, small.count < Self.requestLimit, smallBytes < Self.smallFilesLimit else { return }
        small[next.id] = Incoming(file: next.file)
        smallBytes += Int(next.file.node.size)
      }
      wanted.removeFirst()
      request(next.id)
    }
  }

  private mutating func take(_ bytes: some Collection<UInt8>, for id: UInt32) async throws {
    if let (wantedID, left) = large, wantedID == id {
      if bytes.isEmpty {
        large = nil
        return output.end()
      }
      guard Int64(bytes.count) <= left else { throw Self.grown }
      large?.left = left - Int64(bytes.count)
      return try await output.write(Array(bytes))
    }
    guard var incoming = small.removeValue(forKey: id) else {
      throw HullError(.invalidArgument, "build context: the client sent a file that was not asked for")
    }
    if bytes.isEmpty {
      smallBytes -= Int(incoming.file.node.size)
      return output.add(incoming.file.path, incoming.file.node, incoming.bytes)
    }
    incoming.bytes += bytes
    guard incoming.bytes.count <= incoming.file.node.size else { throw Self.grown }
    small[id] = incoming
  }

  private static let grown = HullError(
    .conflict, "build context: a file became longer while it was sent: build again, or exclude it with .dockerignore")
}

extension TreeNode {
  init(_ stat: SyncStat) throws(HullError) {
    guard let kind = SyncMode.kind(stat.mode), stat.size >= 0 else {
      throw HullError(.invalidArgument, "build context: \(quoted(stat.path)) is of no known kind")
    }
    self.init(kind: kind, mode: SyncMode.permissions(stat.mode))
    (uid, gid, modified) = (stat.uid, stat.gid, stat.modTime)
    if kind == .regular { size = stat.size }
    if kind == .symbolicLink { link = stat.linkname }
    (major, minor) = (UInt32(truncatingIfNeeded: stat.devmajor), UInt32(truncatingIfNeeded: stat.devminor))
    attributes = stat.xattrs.sorted { $0.key < $1.key }.map { TarEntry.Attribute(name: Array($0.key.utf8), value: Array($0.value)) }
  }
}
