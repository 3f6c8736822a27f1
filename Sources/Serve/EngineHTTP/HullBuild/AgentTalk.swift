// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Errors
import Glibc
import LinuxSystem
import Threads

/// The client's SSH agent: bytes between a socket here and the client.
final class AgentTalk: Talk {
  /// The client has connected to its agent; `false`: it has none of that name.
  let promise = Promise<Bool>()
  /// The agent says nothing more.
  let ended = Promise<Void>()
  private let near: OwnedDescriptor
  private let stream: UInt32
  private let line: FrameLine

  /// - Parameter near: a connected socket, which becomes this value's.
  init(_ near: Int32, stream: UInt32, line: FrameLine) {
    self.near = OwnedDescriptor(near)
    self.stream = stream
    self.line = line
  }

  func take(_ frame: Frame) throws {
    switch frame.kind {
    case .accept: promise.fulfil(.success(true))
    case .refuse: promise.fulfil(frame.payload.isEmpty ? .success(false) : .failure(HullError(.invalidArgument, frame.text)))
    case .data: if !write(frame.payload) { line.send(Frame(.end, stream: stream)) }
    case .end:
      shutdown(near.number, Int32(SHUT_WR))
      ended.fulfil(.success(()))
    default: throw HullError(.invalidArgument, "the client answered what was not asked")
    }
  }

  /// A peer that does not read its agent's answers loses them: nobody else waits for it.
  private func write(_ bytes: [UInt8]) -> Bool {
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(near.number, $0.baseAddress! + offset, bytes.count - offset, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      offset += count
    }
    return true
  }

  /// Passes on what the step says to the agent. Blocking.
  func pump() {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = read(near.number, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      line.send(Frame(.data, stream: stream, Array(buffer[..<count])))
    }
    line.send(Frame(.end, stream: stream))
  }

  func broken(_ error: HullError) {
    promise.fulfil(.failure(error))
    ended.fulfil(.failure(error))
    shutdown(near.number, Int32(SHUT_RDWR))
  }
}
