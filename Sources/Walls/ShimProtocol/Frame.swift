// SPDX-License-Identifier: Apache-2.0
import Errors

/// One message on a shim connection: `u32 payload length · u8 type · u32 tag · payload`, little-endian.
///
/// The tag correlates an answer with its request; events carry tag 0.
package struct Frame: Sendable, Equatable {
  /// Bytes before the payload.
  package static let headerSize = 9
  /// The longest payload either side accepts.
  package static let maximumPayload = 1 << 20

  package var type: UInt8
  package var tag: UInt32
  package var payload: [UInt8]

  package init(type: UInt8, tag: UInt32, payload: [UInt8] = []) {
    self.type = type
    self.tag = tag
    self.payload = payload
  }

  /// The frame as it goes over the connection. Throws `tooLarge` when the payload is longer than the other side accepts.
  package func encoded() throws(HullError) -> [UInt8] {
    guard payload.count <= Frame.maximumPayload else {
      throw HullError(.tooLarge, "shim message of \(payload.count) bytes is longer than \(Frame.maximumPayload)")
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Frame.headerSize + payload.count)
    Frame.append(UInt32(payload.count), to: &bytes)
    bytes.append(type)
    Frame.append(tag, to: &bytes)
    bytes.append(contentsOf: payload)
    return bytes
  }

  private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
    for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
  }
}

/// Cuts a byte stream into frames. Never holds more than one frame's worth of undelivered bytes plus what was appended last.
package struct FrameDecoder: Sendable {
  private var bytes: [UInt8] = []
  private var start = 0

  package init() {}

  /// Bytes received and not yet given out as a frame; what follows an `attach` frame is the client's raw standard input.
  package var remainder: ArraySlice<UInt8> { bytes[start...] }

  /// Adds what was received.
  package mutating func append(_ received: UnsafeRawBufferPointer) {
    if start > 0 {
      bytes.removeSubrange(..<start)
      start = 0
    }
    bytes.append(contentsOf: received)
  }

  /// Adds what was received.
  package mutating func append(_ received: [UInt8]) {
    received.withUnsafeBytes { append($0) }
  }

  /// The next complete frame, or `nil` when more bytes are needed. Throws `tooLarge` as soon as a header announces too long a payload:
  /// the connection is then of no further use.
  package mutating func next() throws(HullError) -> Frame? {
    guard bytes.count - start >= Frame.headerSize else { return nil }
    let length = Int(word(at: start))
    guard length <= Frame.maximumPayload else {
      throw HullError(.tooLarge, "shim message announces \(length) bytes, more than \(Frame.maximumPayload)")
    }
    let end = start + Frame.headerSize + length
    guard bytes.count >= end else { return nil }
    let frame = Frame(type: bytes[start + 4], tag: word(at: start + 5), payload: Array(bytes[start + Frame.headerSize..<end]))
    start = end
    if start == bytes.count {
      bytes = []
      start = 0
    }
    return frame
  }

  private func word(at index: Int) -> UInt32 {
    var value: UInt32 = 0
    for offset in 0..<4 { value |= UInt32(bytes[index + offset]) << UInt32(8 * offset) }
    return value
  }
}
