// SPDX-License-Identifier: Apache-2.0
import Builder
import Errors
import Glibc
import Threads

/// Gathers received files and writes them many at a time, off the tasks that receive: a system call for each would cost a change of thread each.
struct ContextOutput {
  private enum Piece: Sendable {
    case file(Int, [UInt8])
    case begin(Int)
    case bytes([UInt8])
  }
  private static let byteLimit = 1 << 20
  private static let pieceLimit = 2048

  private let reception: ContextReception
  private var pieces: [Piece] = []
  private var bytes = 0

  init(_ reception: ContextReception) { self.reception = reception }

  /// All files are announced.
  /// - Returns: the tree, if it is here already; otherwise the numbers of those whose bytes are needed.
  func listed(_ listing: [UInt8]) async throws -> (tree: (any FileTree)?, wanted: [UInt32]) {
    try await Blocking.run { [reception] in
      try reception.list(listing)
      return try reception.listed(at: Self.now)
    }
  }

  /// A whole file, by its number in the listing.
  mutating func file(_ number: Int, _ content: [UInt8]) {
    pieces.append(.file(number, content))
    bytes += content.count
  }

  /// A file, whose bytes follow.
  mutating func begin(_ number: Int) { pieces.append(.begin(number)) }

  mutating func write(_ content: [UInt8]) async throws {
    pieces.append(.bytes(content))
    bytes += content.count
    try await flushIfFull()
  }

  mutating func flushIfFull() async throws {
    if bytes >= Self.byteLimit || pieces.count >= Self.pieceLimit { try await flush() }
  }

  mutating func finish() async throws -> any FileTree {
    try await flush()
    return try await Blocking.run { [reception] in try reception.finish() }
  }

  private mutating func flush() async throws {
    let batch = pieces
    (pieces, bytes) = ([], 0)
    try await Blocking.run { [reception] in
      for piece in batch {
        switch piece {
        case .file(let number, let content):
          try reception.file(number)
          if !content.isEmpty { try reception.data(content) }
        case .begin(let number): try reception.file(number)
        case .bytes(let content): try reception.data(content)
        }
      }
    }
  }

  private static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
