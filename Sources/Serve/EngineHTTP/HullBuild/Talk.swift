// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Errors
import Threads

/// The daemon's side of one stream: what the client's frames on it mean. Called on the thread that reads.
protocol Talk: Sendable {
  func take(_ frame: Frame) throws
  /// Nothing more will come.
  func broken(_ error: HullError)
}

/// A small answer: a secret, an account.
final class AnswerTalk: Talk {
  /// As BuildKit has it for secrets.
  private static let longest = 500 << 10
  let promise = Promise<[UInt8]?>()
  private let bytes = Collected()

  func take(_ frame: Frame) throws {
    switch frame.kind {
    case .data:
      guard bytes.add(frame.payload) <= Self.longest else { throw HullError(.tooLarge, "a secret may have 500 KiB at most") }
    case .end: promise.fulfil(.success(bytes.all))
    case .refuse:
      promise.fulfil(frame.payload.isEmpty ? .success(nil) : .failure(HullError(.invalidArgument, frame.text)))
    default: throw HullError(.invalidArgument, "the client answered what was not asked")
    }
  }

  func broken(_ error: HullError) { promise.fulfil(.failure(error)) }
}

/// Yes or no: an agent that is there, an output that was written.
final class ConsentTalk: Talk {
  let promise = Promise<Void>()

  func take(_ frame: Frame) throws {
    switch frame.kind {
    case .accept: promise.fulfil(.success(()))
    case .refuse: promise.fulfil(.failure(HullError(.internalError, frame.payload.isEmpty ? "the client refused" : frame.text)))
    default: throw HullError(.invalidArgument, "the client answered what was not asked")
    }
  }

  func broken(_ error: HullError) { promise.fulfil(.failure(error)) }
}

/// A blob of a directory of the client's.
final class ContentTalk: Talk {
  let promise = Promise<Void>()
  private let give: @Sendable ([UInt8]) throws(HullError) -> Void

  init(_ give: @escaping @Sendable ([UInt8]) throws(HullError) -> Void) { self.give = give }

  func take(_ frame: Frame) throws {
    switch frame.kind {
    // What cannot be taken is the reader's misfortune, not the line's.
    case .data: do { try give(frame.payload) } catch { promise.fulfil(.failure(error)) }
    case .end: promise.fulfil(.success(()))
    case .refuse: promise.fulfil(.failure(HullError(.notFound, frame.payload.isEmpty ? "the client has no such blob" : frame.text)))
    default: throw HullError(.invalidArgument, "the client answered what was not asked")
    }
  }

  func broken(_ error: HullError) { promise.fulfil(.failure(error)) }
}
