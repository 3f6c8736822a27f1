// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a read or write on a non-blocking descriptor came to.
package enum Transfer {
  case moved(Int)
  /// Nothing now.
  case wouldBlock
  /// End of file, or the other side is gone.
  case ended
}

/// System calls on descriptors, without the errno ceremony.
package enum IO {
  package static func read(_ descriptor: Int32, into memory: UnsafeMutableRawPointer, count: Int) -> Transfer {
    while true {
      let result = Glibc.read(descriptor, memory, count)
      if result > 0 { return .moved(result) }
      if result == 0 { return .ended }
      if errno == EINTR { continue }
      return errno == EAGAIN ? .wouldBlock : .ended
    }
  }

  package static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Transfer {
    while true {
      let result = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      if result >= 0 { return .moved(result) }
      if errno == EINTR { continue }
      return errno == EAGAIN ? .wouldBlock : .ended
    }
  }

  package static func send(_ socket: Int32, _ bytes: UnsafeRawBufferPointer) -> Transfer {
    while true {
      let result = Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      if result >= 0 { return .moved(result) }
      if errno == EINTR { continue }
      return errno == EAGAIN ? .wouldBlock : .ended
    }
  }

  package static func setNonBlocking(_ descriptor: Int32) {
    let flags = fcntl(descriptor, F_GETFL)
    _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
  }

  /// Closes unless it is none.
  package static func close(_ descriptor: Int32) {
    if descriptor >= 0 { Glibc.close(descriptor) }
  }

  /// Ends a connection so that the other side reads everything that was sent and then end of file, never a reset
  /// (which is what unread input in our queue would turn into).
  package static func closeConnection(_ socket: Int32) {
    shutdown(socket, Int32(SHUT_RDWR))
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
      guard let base = buffer.baseAddress else { return }
      while case .moved = read(socket, into: base, count: buffer.count) {}
    }
    close(socket)
  }
}
