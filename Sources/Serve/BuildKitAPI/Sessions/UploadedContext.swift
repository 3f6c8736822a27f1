// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Builder
import Dispatch
import Errors
import GRPCCore
import Synchronization
import Threads

/// A context that the client has as an archive, read from its standard input (Upload.Pull). It can be had once.
struct UploadedContext: Sendable {
  private static let prefix = "http://buildkit-session/"

  let session: ClientSession
  /// On whose file system the files lie.
  let directory: String

  init(session: ClientSession, keptIn directory: String) { (self.session, self.directory) = (session, directory) }

  /// Whether a context's address stands for an upload.
  static func names(_ address: String) -> Bool { address.hasPrefix(prefix) }

  func receive(_ address: String) async throws -> TreePack {
    let inflow = Inflow()
    let unpacking = Task { [directory] in
      defer { inflow.abandon() }
      return try await Blocking.stream { try TreePack.receive(inflow, keptIn: directory) }
    }
    do {
      var metadata = Metadata()
      metadata.addString("/" + address.dropFirst(Self.prefix.count), forKey: "urlpath")
      metadata.addString("buildkit-session", forKey: "urlhost")
      try await session.converse(ServiceName.upload, "Pull", metadata) { (_: RPCWriter<SessionBytesMessage>) in
      } receive: { (pieces: RPCAsyncSequence<SessionBytesMessage, any Error>) in
        for try await piece in pieces where !piece.data.isEmpty {
          guard await inflow.put(Array(piece.data)) else { break }
        }
      }
      inflow.end(nil)
    } catch {
      inflow.end(error as? HullError ?? HullError(.unavailable, "build context: the client stopped half way", cause: error))
    }
    return try await unpacking.value
  }
}

/// Bytes from a task that receives to code that blocks: one piece waits at a time.
///
/// `@unchecked Sendable`: the reader's position is its own; the rest is behind the lock.
final class Inflow: ByteSource, @unchecked Sendable {
  private struct State {
    var piece: [UInt8]?
    var end: Result<Void, HullError>?
    var abandoned = false
    var writer: CheckedContinuation<Bool, Never>?
  }
  private let state = Mutex(State())
  private let arrived = DispatchSemaphore(value: 0)
  private var current: ArraySlice<UInt8> = []

  /// Hands over a piece, after the one before has been taken.
  /// - Returns: whether more is wanted.
  func put(_ piece: [UInt8]) async -> Bool {
    let wanted = await withCheckedContinuation { continuation in
      let ready = state.withLock { state -> Bool? in
        if state.abandoned { return false }
        if state.piece == nil { return true }
        state.writer = continuation
        return nil
      }
      if let ready { continuation.resume(returning: ready) }
    }
    guard wanted else { return false }
    state.withLock { $0.piece = piece }
    arrived.signal()
    return true
  }

  func end(_ error: HullError?) {
    state.withLock { $0.end = error.map { .failure($0) } ?? .success(()) }
    arrived.signal()
  }

  /// Nothing more is wanted.
  func abandon() {
    state.withLock { state in
      state.abandoned = true
      defer { state.writer = nil }
      return state.writer
    }?.resume(returning: false)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
    if current.isEmpty, try !advance() { return 0 }
    let count = min(buffer.count, current.count)
    current.prefix(count).withUnsafeBytes { buffer.copyMemory(from: $0) }
    current = current.dropFirst(count)
    return count
  }

  private func advance() throws(HullError) -> Bool {
    arrived.wait()
    let (piece, end, writer) = state.withLock { state in
      defer { (state.piece, state.writer) = (nil, nil) }
      return (state.piece, state.end, state.writer)
    }
    writer?.resume(returning: true)
    if let piece {
      current = piece[...]
      return true
    }
    // Asked again, the answer is the same.
    arrived.signal()
    if case .failure(let error) = end { throw error }
    return false
  }
}
