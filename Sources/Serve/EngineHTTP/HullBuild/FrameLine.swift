// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildWire
import Errors
import Glibc
import LinuxSystem

/// A connected socket that carries frames: one thread reads, one writes, anybody may send.
final class FrameLine: Sendable {
  private struct State {
    var waiting: [Frame] = []
    var bytes = 0
    /// Nothing more is sent once what waits is.
    var isClosing = false
    var isBroken = false
  }

  /// Bytes that may wait before those who can wait do.
  private static let comfortable = 4 << 20
  private static let tooMuch = 32 << 20
  private let descriptor: OwnedDescriptor
  private let state = Monitor(State())

  /// - Parameter descriptor: becomes this line's.
  init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

  /// Takes a frame to send; never waits long. After the end nothing is sent any more.
  func send(_ frame: Frame) { state.with { Self.put(frame, &$0) } }

  /// Sends a frame unless very much waits already.
  /// - Returns: whether it will be sent.
  func offer(_ frame: Frame) -> Bool {
    state.with { state in
      guard state.bytes < Self.tooMuch else { return false }
      Self.put(frame, &state)
      return true
    }
  }

  /// Sends a frame when there is room for it: for threads that may block.
  func sendWaiting(_ frame: Frame) throws(HullError) {
    let isSent = state.wait { state -> Bool? in
      if state.isBroken { return false }
      guard state.bytes < Self.comfortable else { return nil }
      Self.put(frame, &state)
      return true
    }
    if !isSent { throw HullError(.unavailable, "the client of the build is gone") }
  }

  private static func put(_ frame: Frame, _ state: inout State) {
    guard !state.isBroken, !state.isClosing else { return }
    state.waiting.append(frame)
    state.bytes += frame.payload.count + Frame.headLength
  }

  /// Writes until `close` or until the other side is gone. Blocking.
  func writeAll() {
    while let frames = next() {
      for frame in frames where !write(frame.bytes) { return fail() }
    }
    shutdown(descriptor.number, Int32(SHUT_WR))
  }

  /// What is to be written now; `nil`: nothing ever again.
  private func next() -> [Frame]? {
    state.wait { state -> [Frame]?? in
      if state.isBroken { return .some(nil) }
      guard state.waiting.isEmpty else {
        defer { state.waiting = [] }
        return .some(state.waiting)
      }
      return state.isClosing ? .some(nil) : nil
    }
  }

  private func write(_ bytes: [UInt8]) -> Bool {
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.send(descriptor.number, $0.baseAddress! + offset, bytes.count - offset, Int32(MSG_NOSIGNAL)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      offset += count
    }
    state.with { $0.bytes -= bytes.count }
    return true
  }

  /// Gives what comes to `take`, until the other side is gone or `take` throws. Blocking.
  func readAll(_ take: (Frame) throws -> Void) throws {
    var reader = FrameReader()
    var buffer = [UInt8](repeating: 0, count: 256 << 10)
    while true {
      let count = Glibc.read(descriptor.number, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      reader.feed(buffer[..<count])
      while let frame = try reader.next() { try take(frame) }
    }
  }

  /// Sends what waits and then nothing more.
  func close() { state.with { $0.isClosing = true } }

  /// Both directions end now.
  func fail() {
    state.with { state in
      state.isBroken = true
      state.waiting = []
    }
    shutdown(descriptor.number, Int32(SHUT_RDWR))
  }
}
