// SPDX-License-Identifier: Apache-2.0
import ShimLoop

/// The sending side of a connection: sends at once what the socket takes and queues the rest.
final class SocketOutput {
  let descriptor: Int32
  private var queue = ByteQueue()

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Bytes that the socket has not taken yet.
  var pending: Int { queue.count }

  /// Sends or queues. `false`: the other side is gone.
  func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard queue.isEmpty else {
      queue.append(bytes)
      return true
    }
    var rest = bytes
    while rest.count > 0 {
      switch IO.send(descriptor, rest) {
      case .moved(let count): rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      case .wouldBlock:
        queue.append(rest)
        return true
      case .ended: return false
      }
    }
    return true
  }

  /// Sends what is queued. `false`: the other side is gone.
  func flush() -> Bool {
    while !queue.isEmpty {
      switch IO.send(descriptor, queue.front) {
      case .moved(let count): queue.removeFirst(count)
      case .wouldBlock: return true
      case .ended: return false
      }
    }
    return true
  }
}
