// SPDX-License-Identifier: Apache-2.0
import Errors
import NIOCore
import Synchronization

/// The client went away before its request was complete or its answer was sent.
package struct ClientGone: Error, Equatable {}

/// Bytes on their way from a socket or pipe to one consumer, as they arrive, with a bounded number of them waiting.
/// While `hasRoom` is false nothing more is read from the source.
package final class BodyStream: AsyncSequence, Sendable {
  package typealias Element = ByteBuffer
  static let highMark = 512 * 1024
  private static let lowMark = 256 * 1024

  private struct State {
    var pieces = CircularBuffer<ByteBuffer>()
    var bytes = 0
    var result: Result<Void, any Error>?
    var waiter: CheckedContinuation<ByteBuffer?, any Error>?
    var started = false

    var end: Result<ByteBuffer?, any Error>? { result.map { $0.map { nil } } }
  }
  private let state = Mutex(State())
  /// Called when the consumer wants more than is there; the flag says whether it is the first time.
  private let demand: @Sendable (_ first: Bool) -> Void
  /// What `Content-Length` said.
  package let declaredLength: UInt64?
  /// There is no body at all (no length, a length of 0).
  package let isEmpty: Bool

  init(framing: BodyFraming, demand: @escaping @Sendable (_ first: Bool) -> Void) {
    self.demand = demand
    isEmpty = framing == .none
    if case .length(let length) = framing { declaredLength = length } else { declaredLength = nil }
    if isEmpty { state.withLock { $0.result = .success(()) } }
  }

  var hasRoom: Bool { state.withLock { $0.bytes < Self.highMark } }

  func append(_ piece: ByteBuffer) {
    let waiter = state.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
      if let waiter = state.waiter {
        state.waiter = nil
        return waiter
      }
      state.pieces.append(piece)
      state.bytes += piece.readableBytes
      return nil
    }
    waiter?.resume(returning: piece)
  }

  /// No more will come: the end was reached, or `error` happened on the way.
  func finish(_ error: (any Error)? = nil) {
    let waiter = state.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
      guard state.result == nil else { return nil }
      state.result = error.map { .failure($0) } ?? .success(())
      defer { state.waiter = nil }
      return state.waiter
    }
    if let error { waiter?.resume(throwing: error) } else { waiter?.resume(returning: nil) }
  }

  /// The next piece, `nil` at the end. Throws `ClientGone` when the rest will never come, `CancellationError` when the task is cancelled.
  package func next() async throws -> ByteBuffer? {
    let (ready, wants, first) = state.withLock { state -> (Result<ByteBuffer?, any Error>?, Bool, Bool) in
      let first = !state.started
      state.started = true
      guard let piece = state.pieces.popFirst() else { return (state.end, state.result == nil, first) }
      let wasAbove = state.bytes > Self.lowMark
      state.bytes -= piece.readableBytes
      return (.success(piece), wasAbove && state.bytes <= Self.lowMark && state.result == nil, first)
    }
    if wants { demand(first) }
    if let ready { return try ready.get() }
    return try await wait()
  }

  /// What more is there already: together with a piece from `next` it can be passed on at once.
  func ready() -> [ByteBuffer] {
    let (pieces, wants) = state.withLock { state -> ([ByteBuffer], Bool) in
      let wasAbove = state.bytes > Self.lowMark
      defer { (state.pieces, state.bytes) = ([], 0) }
      return (Array(state.pieces), wasAbove && state.result == nil)
    }
    if wants { demand(false) }
    return pieces
  }

  private func wait() async throws -> ByteBuffer? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let ready = state.withLock { state -> Result<ByteBuffer?, any Error>? in
          if let piece = state.pieces.popFirst() {
            state.bytes -= piece.readableBytes
            return .success(piece)
          }
          if let end = state.end { return end }
          if Task.isCancelled { return .failure(CancellationError()) }
          state.waiter = continuation
          return nil
        }
        if let ready { continuation.resume(with: ready) }
      }
    } onCancel: {
      state.withLock { state in
        defer { state.waiter = nil }
        return state.waiter
      }?.resume(throwing: CancellationError())
    }
  }

  /// The whole body, refused as soon as it is known to be longer than `limit` bytes.
  package func collect(limit: Int) async throws -> ByteBuffer {
    let refusal = HullError(.tooLarge, "http: request body too large: the limit is \(limit) bytes")
    if let declaredLength, declaredLength > UInt64(limit) { throw refusal }
    var whole = ByteBuffer()
    while var piece = try await next() {
      guard whole.readableBytes + piece.readableBytes <= limit else { throw refusal }
      if whole.readableBytes == 0 { whole = piece } else { whole.writeBuffer(&piece) }
    }
    return whole
  }

  package struct AsyncIterator: AsyncIteratorProtocol {
    let body: BodyStream
    package mutating func next() async throws -> ByteBuffer? { try await body.next() }
  }

  package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}
