// SPDX-License-Identifier: Apache-2.0
import Glibc
import ShimLoop

/// The exchange of one query and its answer over a TCP connection that is being made.
struct UpstreamStream {
  enum Progress {
    /// Until the socket is ready for this.
    case wantsMore(Readiness)
    case complete([UInt8])
    case failed
  }

  private let query: [UInt8]
  private var isSent = false
  private var answer: [UInt8] = []

  init(_ query: [UInt8]) {
    self.query = [UInt8(truncatingIfNeeded: query.count >> 8), UInt8(truncatingIfNeeded: query.count)] + query
  }

  /// Does what the socket allows, with `scratch` to read into.
  mutating func advance(_ socket: Int32, _ scratch: Pages) -> Progress {
    if !isSent {
      // A new connection takes so little in one piece, or it was not made.
      guard case .moved(query.count) = query.withUnsafeBytes({ IO.send(socket, $0) }) else { return .failed }
      isSent = true
      return .wantsMore(.readable)
    }
    switch IO.read(socket, into: scratch.base, count: min(missing, scratch.count)) {
    case .moved(let count): answer += UnsafeRawBufferPointer(start: scratch.base, count: count)
    case .wouldBlock: return .wantsMore(.readable)
    case .ended: return .failed
    }
    return answer.count >= 2 && missing == 0 ? .complete(Array(answer.dropFirst(2))) : .wantsMore(.readable)
  }

  private var missing: Int {
    guard answer.count >= 2 else { return 2 - answer.count }
    return 2 + (Int(answer[0]) << 8 | Int(answer[1])) - answer.count
  }
}
