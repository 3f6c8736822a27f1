// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors

/// Receives a tree of files by fsutil's protocol: the sender announces every file, this side asks for those whose bytes it does not have.
///
/// The sender is not trusted: nothing is taken that was not asked for, and what waits in memory is bounded. Small files are asked for many at a
/// time and kept until they are whole; a large one is written as it comes.
struct TreeReceiver {
  /// Bytes of small files that are asked for at once.
  static let smallFilesLimit: Int64 = 4 << 20
  /// Up to this size a file is small.
  static let smallFile: Int64 = 256 << 10
  private static let requestLimit = 512

  private struct Incoming {
    /// In the listing.
    var number: Int
    var limit: Int64
    var bytes: [UInt8] = []
  }

  private let request: (UInt32) -> Void
  private var output: ContextOutput
  private var announcement = TreeAnnouncement()
  private var allAnnounced = false
  /// Numbers in the listing of what is to be asked for, the next last.
  private var wanted: [UInt32] = []
  private var small: [UInt32: Incoming] = [:]
  private var smallBytes: Int64 = 0
  private var large: (id: UInt32, left: Int64)?
  private var known: (any FileTree)?

  /// - Parameters:
  ///   - output: where the files go.
  ///   - request: asks for a file's bytes, by the sender's number.
  init(into output: ContextOutput, request: @escaping (UInt32) -> Void) { (self.output, self.request) = (output, request) }

  /// Everything has been received.
  var isComplete: Bool { allAnnounced && wanted.isEmpty && small.isEmpty && large == nil }

  mutating func receive(_ packet: SyncPacket) async throws {
    switch packet.type {
    case .stat: try await announced(packet)
    case .data: try await take(packet.data, for: packet.id)
    case .error: throw HullError(.invalidArgument, "build context: \(String(decoding: packet.data, as: UTF8.self))")
    case .request, .fin, .UNRECOGNIZED: throw HullError(.invalidArgument, "build context: the client sent a packet out of turn")
    }
    try await output.flushIfFull()
    if allAnnounced { ask() }
  }

  /// The tree, when all has come.
  mutating func finish() async throws -> any FileTree {
    if let known { return known }
    return try await output.finish()
  }

  private mutating func announced(_ packet: SyncPacket) async throws {
    guard !allAnnounced else { throw HullError(.invalidArgument, "build context: the client announced a file after the last") }
    if packet.hasStat { return try announcement.add(packet.stat) }
    allAnnounced = true
    let (tree, missing) = try await output.listed(announcement.listing)
    known = tree
    wanted = missing.reversed()
  }

  /// Asks for as many files as there is room for.
  private mutating func ask() {
    while let number = wanted.last {
      let entry = announcement.entries[Int(number)]
      if entry.size == 0 {
        output.file(Int(number), [])
      } else if entry.size > Self.smallFile {
        guard large == nil, small.isEmpty else { return }
        large = (entry.id, entry.size)
        output.begin(Int(number))
        request(entry.id)
      } else {
        guard large == nil, small.count < Self.requestLimit, smallBytes + entry.size <= Self.smallFilesLimit else { return }
        small[entry.id] = Incoming(number: Int(number), limit: entry.size)
        smallBytes += entry.size
        request(entry.id)
      }
      wanted.removeLast()
    }
  }

  private mutating func take(_ bytes: some Collection<UInt8>, for id: UInt32) async throws {
    if let (wantedID, left) = large, wantedID == id {
      if bytes.isEmpty {
        large = nil
        return
      }
      guard Int64(bytes.count) <= left else { throw Self.grown }
      large?.left = left - Int64(bytes.count)
      return try await output.write(Array(bytes))
    }
    guard var incoming = small.removeValue(forKey: id) else {
      throw HullError(.invalidArgument, "build context: the client sent a file that was not asked for")
    }
    if bytes.isEmpty {
      smallBytes -= incoming.limit
      return output.file(incoming.number, incoming.bytes)
    }
    incoming.bytes += bytes
    guard incoming.bytes.count <= incoming.limit else { throw Self.grown }
    small[id] = incoming
  }

  private static let grown = HullError(
    .conflict, "build context: a file became longer while it was sent: build again, or exclude it with .dockerignore")
}
