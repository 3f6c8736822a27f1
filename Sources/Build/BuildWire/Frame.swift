// SPDX-License-Identifier: Apache-2.0
import Errors

/// One message of a build's conversation between `hull build` and the daemon (docs/reference/api.md, `POST /hull/build`): nine bytes (kind, number of
/// the stream, length, both of four bytes with the highest first) and a payload.
package struct Frame: Sendable, Equatable {
  package enum Kind: UInt8, Sendable {
    /// Client, once, first: the request, JSON.
    case request = 1
    /// Daemon: an event, JSON.
    case event = 2
    /// Daemon: what a step wrote. The stream is the step's number; the payload begins with the stream of the command (1, 2) and the time (8 bytes).
    case output = 3
    /// Daemon, last: what the build gave, JSON.
    case result = 4
    /// Daemon, last: why it failed, JSON.
    case failure = 5
    /// Daemon: opens a stream and says what is wanted of the client, JSON.
    case ask = 6
    /// Either: bytes of a stream.
    case data = 7
    /// Either: the sender has said everything.
    case end = 8
    /// Either: no, with a reason or, where there is just nothing, without one.
    case refuse = 9
    /// Client: yes, where a stream needs no more than that; after an output's end: everything was written.
    case accept = 10
    /// Client: entries of a context.
    case listing = 11
    /// Daemon: which of a context's entries it needs the bytes of: numbers of four bytes.
    case want = 12
    /// Client: the bytes that follow are those of the entry of that number (4 bytes).
    case file = 13
  }

  /// The longest payload: 1 MiB.
  package static let longest = 1 << 20
  package static let headLength = 9

  package var kind: Kind
  /// 0: the build itself. The daemon numbers the streams that it opens from 1.
  package var stream: UInt32
  package var payload: [UInt8]

  package init(_ kind: Kind, stream: UInt32 = 0, _ payload: [UInt8] = []) {
    self.kind = kind
    self.stream = stream
    self.payload = payload
  }

  package init(_ kind: Kind, stream: UInt32 = 0, text: String) { self.init(kind, stream: stream, Array(text.utf8)) }

  package var text: String { String(decoding: payload, as: UTF8.self) }

  /// As it is sent.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Frame.headLength + payload.count)
    bytes.append(kind.rawValue)
    WireInteger.append(stream, to: &bytes)
    WireInteger.append(UInt32(payload.count), to: &bytes)
    return bytes + payload
  }
}

/// Takes frames out of a stream of bytes.
package struct FrameReader {
  private var pending: [UInt8] = []
  private var start = 0

  package init() {}

  package mutating func feed(_ bytes: some Sequence<UInt8>) {
    if start > 0 {
      pending.removeFirst(start)
      start = 0
    }
    pending += bytes
  }

  /// The next whole frame; `nil`: more bytes are needed. Throws `invalidArgument` for what is no frame.
  package mutating func next() throws(HullError) -> Frame? {
    guard pending.count - start >= Frame.headLength else { return nil }
    let length = Int(WireInteger.read(UInt32.self, pending, start + 5))
    guard let kind = Frame.Kind(rawValue: pending[start]), length <= Frame.longest else {
      throw HullError(.invalidArgument, "the other side of the build does not speak this protocol")
    }
    let end = start + Frame.headLength + length
    guard pending.count >= end else { return nil }
    let frame = Frame(kind, stream: WireInteger.read(UInt32.self, pending, start + 1), Array(pending[(start + Frame.headLength)..<end]))
    start = end
    return frame
  }
}

/// Integers with the highest byte first.
package enum WireInteger {
  @inline(__always)
  package static func append<Value: FixedWidthInteger>(_ value: Value, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// The bytes must be there.
  @inline(__always)
  package static func read<Value: FixedWidthInteger>(_ type: Value.Type, _ bytes: [UInt8], _ offset: Int) -> Value {
    precondition(offset >= 0 && offset + MemoryLayout<Value>.size <= bytes.count)
    return bytes.withUnsafeBytes { Value(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self)) }
  }
}
