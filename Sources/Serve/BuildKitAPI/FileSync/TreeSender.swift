// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import GRPCCore
import Threads

/// Sends a tree of files by fsutil's protocol: announces all, then gives what is asked for.
struct TreeSender: Sendable {
  private static let pieceSize = 256 << 10

  let tree: any FileTree

  /// Announces every file, in order, then says that these were all.
  /// - Returns: the paths of regular files, by their numbers.
  func announce(to writer: RPCWriter<SyncPacket>) async throws -> [UInt32: String] {
    var (files, links) = ([UInt32: String](), HardLinks<TreeNode.Inode>())
    var number: UInt32 = 0
    var pending = try await Blocking.run { [tree] in try tree.names(in: "") }.reversed() as [String]
    while let path = pending.popLast() {
      let (node, names) = try await Blocking.run { [tree] in
        let node = try tree.node(path)
        return (node, node?.kind == .directory ? try tree.names(in: path) : [])
      }
      guard let node else { continue }
      pending += names.reversed().map { TreePaths.join(path, $0) }
      var packet = SyncPacket()
      packet.stat = SyncStat(path, node)
      let first = node.inode.flatMap { links.first($0, at: path) }
      if let first { (packet.stat.linkname, packet.stat.size) = (first, 0) }
      try await writer.write(packet)
      if node.kind == .regular, first == nil { files[number] = path }
      number += 1
    }
    try await writer.write(SyncPacket())
    return files
  }

  /// Sends a file's bytes, and that these were all.
  func send(_ path: String, as number: UInt32, to writer: RPCWriter<SyncPacket>) async throws {
    let handover = Handover()
    let reading = Task { [tree] in
      defer { handover.end() }
      try await Blocking.stream { try tree.read(path) { bytes throws(HullError) in try handover.write(bytes) } }
    }
    var packet = SyncPacket()
    (packet.type, packet.id) = (.data, number)
    do {
      for await piece in handover.pieces {
        for start in stride(from: 0, to: piece.count, by: Self.pieceSize) {
          packet.data = .init(piece[start..<min(start + Self.pieceSize, piece.count)])
          try await writer.write(packet)
        }
        handover.taken()
      }
      try await reading.value
    } catch {
      handover.abandon()
      _ = await reading.result
      throw error
    }
    packet.data = .init()
    try await writer.write(packet)
  }
}

extension SyncStat {
  init(_ path: String, _ node: TreeNode) {
    self.init()
    (self.path, mode, uid, gid, size, modTime) = (path, SyncMode.of(node), node.uid, node.gid, node.size, node.modified)
    (linkname, devmajor, devminor) = (node.link, Int64(node.device.major), Int64(node.device.minor))
    for attribute in node.attributes { xattrs[String(decoding: attribute.name, as: UTF8.self)] = .init(attribute.value) }
  }
}
