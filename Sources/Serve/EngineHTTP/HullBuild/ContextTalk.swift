// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Builder
import Errors
import Synchronization
import Threads

/// A context on its way in: a listing, then the bytes of what is asked for.
final class ContextTalk: Talk {
  let promise = Promise<any FileTree>()
  /// Used by the thread that reads, alone.
  private let reception: ContextReception
  private let line: FrameLine
  private let stream: UInt32
  private let hasFailed = Atomic(false)

  init(_ reception: ContextReception, stream: UInt32, line: FrameLine) {
    self.reception = reception
    self.stream = stream
    self.line = line
  }

  /// After a failure what still comes is dropped: the client hears of it when the build ends.
  func take(_ frame: Frame) throws {
    guard !hasFailed.load(ordering: .relaxed) else { return }
    do {
      try receive(frame)
    } catch {
      hasFailed.store(true, ordering: .relaxed)
      promise.fulfil(.failure(error))
    }
  }

  private func receive(_ frame: Frame) throws {
    switch frame.kind {
    case .listing: try reception.list(frame.payload)
    case .file where frame.payload.count == 4: try reception.file(Int(WireInteger.read(UInt32.self, frame.payload, 0)))
    case .data: try reception.data(frame.payload)
    case .end where !reception.isListed:
      guard frame.payload.count == 8 else { throw HullError(.invalidArgument, "the listing of the build context has no time") }
      try answer(try reception.listed(at: WireInteger.read(Int64.self, frame.payload, 0)))
    case .end: promise.fulfil(.success(try reception.finish()))
    case .refuse: promise.fulfil(.failure(HullError(.notFound, frame.payload.isEmpty ? "the client has no such context" : frame.text)))
    default: throw HullError(.invalidArgument, "the client sent a context in a way that is not known here")
    }
  }

  private func answer(_ result: (tree: (any FileTree)?, wanted: [UInt32])) throws {
    if let tree = result.tree {
      promise.fulfil(.success(tree))
    } else {
      var numbers = result.wanted[...]
      while !numbers.isEmpty {
        var payload: [UInt8] = []
        for number in numbers.prefix(Frame.longest / 8) { WireInteger.append(number, to: &payload) }
        numbers = numbers.dropFirst(Frame.longest / 8)
        line.send(Frame(.want, stream: stream, payload))
      }
    }
    line.send(Frame(.end, stream: stream))
    // Nothing is missing: the client has nothing to send.
    if result.tree == nil, result.wanted.isEmpty { promise.fulfil(.success(try reception.finish())) }
  }

  func broken(_ error: HullError) { promise.fulfil(.failure(error)) }
}
