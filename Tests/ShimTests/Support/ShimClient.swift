// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import ShimProtocol

/// A blocking control connection.
final class ShimClient {
  private let socket: Int32
  private var decoder = FrameDecoder()
  private var tag: UInt32 = 0
  private(set) var events: [ShimEvent] = []

  init(_ socket: Int32) { self.socket = socket }
  deinit { close(socket) }

  /// Sends a request and waits for its answer; a `failed` answer is thrown.
  @discardableResult
  func ask(_ request: ShimRequest) throws -> ShimReply {
    tag += 1
    try send(try request.frame(tag: tag).encoded())
    while true {
      let frame = try nextFrame()
      if let event = try ShimEvent(frame: frame) {
        events.append(event)
        continue
      }
      guard frame.tag == tag, let reply = try ShimReply(frame: frame) else { continue }
      if let error = reply.error { throw error }
      return reply
    }
  }

  func launch(_ request: LaunchRequest) throws -> Int32 {
    guard case .started(let pid, _) = try ask(.launch(request)) else { throw HullError(.internalError, "no pid") }
    return pid
  }

  func exec(_ request: ExecRequest) throws -> Int32 {
    guard case .started(let pid, _) = try ask(.exec(request)) else { throw HullError(.internalError, "no pid") }
    return pid
  }

  func status() throws -> ShimStatus {
    guard case .status(let status) = try ask(.status) else { throw HullError(.internalError, "no status") }
    return status
  }

  /// The exit of a process; `subscribe` must have been asked before.
  func waitForExit(_ process: String = "") throws -> ProcessExit {
    while true {
      for case .exited(process, let exit) in events { return exit }
      if let event = try ShimEvent(frame: try nextFrame()) { events.append(event) }
    }
  }

  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { throw HullError(.unavailable, "shim hung up") }
      sent += count
    }
  }

  func nextFrame() throws -> Frame {
    while true {
      if let frame = try decoder.next() { return frame }
      var buffer = [UInt8](repeating: 0, count: 65536)
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else { throw HullError(.unavailable, "shim hung up") }
      decoder.append(Array(buffer[..<count]))
    }
  }
}

/// A blocking stream of one process.
final class AttachedClient {
  let socket: Int32
  private var received: [UInt8] = []

  init(_ socket: Int32, _ request: AttachRequest) throws {
    self.socket = socket
    let frame = try ShimRequest.attach(request).frame(tag: 1).encoded()
    _ = frame.withUnsafeBytes { Glibc.send(socket, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
    var decoder = FrameDecoder()
    var answer = [UInt8](repeating: 0, count: 4096)
    while true {
      // One byte at a time up to the end of the answer: what follows is the stream.
      let count = recv(socket, &answer, 1, 0)
      guard count == 1 else { throw HullError(.unavailable, "shim hung up") }
      decoder.append([answer[0]])
      guard let frame = try decoder.next() else { continue }
      if let error = try ShimReply(frame: frame)?.error { throw error }
      return
    }
  }

  deinit { close(socket) }

  func send(_ text: String) { _ = text.withCString { Glibc.send(socket, $0, strlen($0), Int32(MSG_NOSIGNAL)) } }
  func endInput() { shutdown(socket, Int32(SHUT_WR)) }

  /// Raw bytes until `text` has been seen.
  func read(until text: String) throws {
    while String(decoding: received, as: UTF8.self).contains(text) == false {
      guard try receive() else { throw HullError(.unavailable, "end of stream before \(text): \(String(decoding: received, as: UTF8.self))") }
    }
  }

  /// Everything up to the end.
  func readAll() throws -> [UInt8] {
    while try receive() {}
    return received
  }

  /// Counts everything up to the end without keeping it.
  func drain() -> Int {
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var total = 0
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      if count <= 0 { return total }
      total += count
    }
  }

  func text() throws -> String { String(decoding: try readAll(), as: UTF8.self) }

  /// Everything up to the end, by stream, from Docker's frames.
  func demultiplexed() throws -> (stdout: String, stderr: String) {
    let bytes = try readAll()
    var streams: [UInt8: [UInt8]] = [:]
    var position = 0
    while position < bytes.count {
      guard bytes.count - position >= 8, bytes[position + 1] == 0, bytes[position + 2] == 0, bytes[position + 3] == 0 else {
        throw HullError(.internalError, "malformed frame at \(position)")
      }
      let count = bytes[position + 4..<position + 8].reduce(0) { $0 << 8 | Int($1) }
      guard bytes.count - position - 8 >= count else { throw HullError(.internalError, "frame cut short") }
      streams[bytes[position], default: []] += bytes[position + 8..<position + 8 + count]
      position += 8 + count
    }
    return (String(decoding: streams[1] ?? [], as: UTF8.self), String(decoding: streams[2] ?? [], as: UTF8.self))
  }

  private func receive() throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(socket, &buffer, buffer.count, 0)
    guard count >= 0 else { throw HullError(.unavailable, "receive: errno \(errno)") }
    received += buffer[..<count]
    return count > 0
  }
}
