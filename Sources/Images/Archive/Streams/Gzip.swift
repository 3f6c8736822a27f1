// SPDX-License-Identifier: Apache-2.0
import CISAL
import Errors
import Glibc

/// Inflates gzip (RFC 1952) with ISA-L: any number of members, each checked against its sum and length.
final class GzipSource: ByteSource {
  private let source: any ByteSource
  private let state: UnsafeMutablePointer<inflate_state>
  private let input: UnsafeMutableRawBufferPointer
  private var inputEnded = false
  private var betweenMembers = false
  private var finished = false

  init(_ source: any ByteSource) {
    self.source = source
    state = .allocate(capacity: 1)
    isal_inflate_init(state)
    state.pointee.crc_flag = UInt32(ISAL_GZIP)
    input = .allocate(byteCount: 1 << 18, alignment: 64)
  }

  deinit {
    state.deallocate()
    input.deallocate()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
    state.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    state.pointee.avail_out = UInt32(buffer.count)
    while !finished, state.pointee.avail_out > 0 {
      try fill()
      if betweenMembers { try enterNextMember() } else { try inflate() }
    }
    return buffer.count - Int(state.pointee.avail_out)
  }

  private func fill() throws(HullError) {
    guard state.pointee.avail_in == 0, !inputEnded else { return }
    let count = try source.read(into: input)
    inputEnded = count == 0
    state.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    state.pointee.avail_in = UInt32(count)
  }

  private func inflate() throws(HullError) {
    let before = (state.pointee.avail_in, state.pointee.avail_out)
    let result = isal_inflate(state)
    guard result >= 0 else { throw HullError(.invalidArgument, "archive: gzip data is damaged (\(GzipSource.describe(result)))") }
    if state.pointee.block_state == ISAL_BLOCK_FINISH {
      betweenMembers = true
    } else if inputEnded, (state.pointee.avail_in, state.pointee.avail_out) == before {
      throw HullError(.invalidArgument, "archive: gzip data ends too early")
    }
  }

  /// Zeros after the last member are padding (tapes, block devices); anything else that is no member is refused.
  private func enterNextMember() throws(HullError) {
    while state.pointee.avail_in > 0, state.pointee.next_in[0] == 0 {
      state.pointee.next_in += 1
      state.pointee.avail_in -= 1
    }
    guard state.pointee.avail_in > 0 else {
      finished = inputEnded
      return
    }
    guard state.pointee.next_in[0] == 0x1f else { throw HullError(.invalidArgument, "archive: data after the end of the gzip stream") }
    isal_inflate_reset(state)
    state.pointee.crc_flag = UInt32(ISAL_GZIP)
    betweenMembers = false
  }

  private static func describe(_ result: Int32) -> String {
    switch result {
    case ISAL_INVALID_BLOCK: "invalid block"
    case ISAL_INVALID_SYMBOL: "invalid symbol"
    case ISAL_INVALID_LOOKBACK: "invalid distance"
    case ISAL_INVALID_WRAPPER: "invalid header"
    case ISAL_INCORRECT_CHECKSUM: "wrong checksum"
    default: "code \(result)"
    }
  }
}
