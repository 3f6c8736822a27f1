// SPDX-License-Identifier: Apache-2.0
import Builder
import Errors
import Threads

/// Gathers received files and writes them many at a time, off the tasks that receive: a system call for each would cost a change of thread each.
struct PackOutput {
  private enum Piece: Sendable {
    case add(String, TreeNode)
    case file(String, TreeNode, [UInt8])
    case begin(String, TreeNode)
    case bytes([UInt8])
    case end
    case link(String, String)
  }
  private static let byteLimit = 1 << 20
  private static let pieceLimit = 2048

  private let writer: TreePackWriter
  private var pieces: [Piece] = []
  private var bytes = 0
  /// Links come last: what they point at may not be whole yet.
  private var links: [Piece] = []

  /// - Parameter directory: on whose file system the files lie.
  init(directory: String) throws(HullError) { writer = try TreePackWriter(directory: directory) }

  mutating func add(_ path: String, _ node: TreeNode) { pieces.append(.add(path, node)) }

  mutating func add(_ path: String, _ node: TreeNode, _ content: [UInt8]) {
    pieces.append(.file(path, node, content))
    bytes += content.count
  }

  mutating func link(_ path: String, to target: String) { links.append(.link(path, target)) }
  mutating func begin(_ path: String, _ node: TreeNode) { pieces.append(.begin(path, node)) }
  mutating func end() { pieces.append(.end) }

  mutating func write(_ content: [UInt8]) async throws {
    pieces.append(.bytes(content))
    bytes += content.count
    if bytes >= Self.byteLimit { try await flush() }
  }

  mutating func flushIfFull() async throws {
    if bytes >= Self.byteLimit || pieces.count >= Self.pieceLimit { try await flush() }
  }

  mutating func finish() async throws -> TreePack {
    pieces += links
    try await flush()
    return try await Blocking.run { [writer] in try writer.finish() }
  }

  private mutating func flush() async throws {
    let batch = pieces
    (pieces, bytes) = ([], 0)
    try await Blocking.run { [writer] in
      for piece in batch { try Self.put(piece, writer) }
    }
  }

  private static func put(_ piece: Piece, _ writer: TreePackWriter) throws {
    switch piece {
    case .add(let path, let node): try writer.add(path, node)
    case .file(let path, let node, let content):
      writer.begin(path, node)
      try writer.write(content)
      try writer.end()
    case .begin(let path, let node): writer.begin(path, node)
    case .bytes(let content): try writer.write(content)
    case .end: try writer.end()
    case .link(let path, let target): try writer.link(path, to: target)
    }
  }
}
