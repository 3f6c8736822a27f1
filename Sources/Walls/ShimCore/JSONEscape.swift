// SPDX-License-Identifier: Apache-2.0

/// Writes bytes as the inside of a JSON string the way Docker's json-file log does (Go's encoder with HTML escaping): control characters,
/// quotes, backslashes, `<`, `>`, `&`, U+2028 and U+2029 are escaped, each byte that is not UTF-8 becomes `\ufffd`.
enum JSONEscape {
  /// How many bytes one byte of input can become.
  static let expansion = 6
  /// How many bytes beyond the result may be overwritten with rubbish.
  static let slack = 16

  /// Writes the escaped form of `count` bytes at `source` to `target` and returns how many bytes that is. `target` has room for
  /// `expansion * count + slack` bytes.
  static func write(_ source: UnsafeRawPointer, count: Int, to target: UnsafeMutableRawPointer) -> Int {
    var read = 0
    var written = 0
    while read < count {
      let plain = copyPlain(source + read, count: count - read, to: target + written)
      read += plain
      written += plain
      guard read < count else { break }
      let byte = source.load(fromByteOffset: read, as: UInt8.self)
      if byte < 0x80 {
        written += writeEscaped(byte, to: target + written)
        read += 1
      } else {
        let length = sequenceLength(source + read, count: count - read)
        written += writeSequence(source + read, length: length, to: target + written)
        read += max(length, 1)
      }
    }
    return written
  }

  /// Copies up to the first byte that needs a look, eight at a time, and returns how many bytes that is.
  private static func copyPlain(_ source: UnsafeRawPointer, count: Int, to target: UnsafeMutableRawPointer) -> Int {
    var done = 0
    while done &+ 8 <= count {
      let block = UInt64(littleEndian: source.loadUnaligned(fromByteOffset: done, as: UInt64.self))
      target.storeBytes(of: block.littleEndian, toByteOffset: done, as: UInt64.self)
      let marks = specials(block)
      if marks != 0 { return done &+ marks.trailingZeroBitCount / 8 }
      done &+= 8
    }
    guard done < count else { return done }
    var block: UInt64 = 0
    withUnsafeMutableBytes(of: &block) { $0.copyMemory(from: UnsafeRawBufferPointer(start: source + done, count: count - done)) }
    target.storeBytes(of: block, toByteOffset: done, as: UInt64.self)
    // What lies beyond the end is zero, which is special.
    return done &+ specials(UInt64(littleEndian: block)).trailingZeroBitCount / 8
  }

  private static var ones: UInt64 { 0x0101_0101_0101_0101 }
  private static var tops: UInt64 { 0x8080_8080_8080_8080 }

  /// Marks (bit 7 of a byte) the bytes that cannot be copied as they are. The lowest mark is right; above it there may be false ones.
  @inline(__always)
  private static func specials(_ block: UInt64) -> UInt64 {
    // Not ASCII; below 0x20; `"` or `&` (they differ in one bit); `<` or `>` (likewise); `\\`.
    (block & tops) | ((block &- ones &* 0x20) & ~block & tops) | zeros((block | ones &* 0x04) ^ ones &* 0x26)
      | zeros((block | ones &* 0x02) ^ ones &* 0x3E)
      | zeros(block ^ ones &* 0x5C)
  }

  @inline(__always)
  private static func zeros(_ block: UInt64) -> UInt64 { (block &- ones) & ~block & tops }

  private static func writeEscaped(_ byte: UInt8, to target: UnsafeMutableRawPointer) -> Int {
    switch byte {
    case 0x22, 0x5C: return put(target, 0x5C, byte)
    case 0x0A: return put(target, 0x5C, UInt8(ascii: "n"))
    case 0x0D: return put(target, 0x5C, UInt8(ascii: "r"))
    default:
      _ = put(target, 0x5C, UInt8(ascii: "u"))
      _ = put(target + 2, UInt8(ascii: "0"), UInt8(ascii: "0"))
      _ = put(target + 4, hex(byte >> 4), hex(byte & 0xF))
      return 6
    }
  }

  /// `length` 0: not UTF-8.
  private static func writeSequence(_ source: UnsafeRawPointer, length: Int, to target: UnsafeMutableRawPointer) -> Int {
    if length == 0 { return writeText("\\ufffd", to: target) }
    if length == 3, source.load(as: UInt8.self) == 0xE2, source.load(fromByteOffset: 1, as: UInt8.self) == 0x80 {
      let last = source.load(fromByteOffset: 2, as: UInt8.self)
      if last == 0xA8 { return writeText("\\u2028", to: target) }
      if last == 0xA9 { return writeText("\\u2029", to: target) }
    }
    target.copyMemory(from: source, byteCount: length)
    return length
  }

  /// How long the UTF-8 sequence at `source` is (2…4); 0 when it is none: overlong, a surrogate, above U+10FFFF, cut short.
  private static func sequenceLength(_ source: UnsafeRawPointer, count: Int) -> Int {
    let first = source.load(as: UInt8.self)
    let length: Int
    var low: UInt8 = 0x80
    var high: UInt8 = 0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF:
      length = 3
      if first == 0xE0 { low = 0xA0 }
      if first == 0xED { high = 0x9F }
    case 0xF0...0xF4:
      length = 4
      if first == 0xF0 { low = 0x90 }
      if first == 0xF4 { high = 0x8F }
    default: return 0
    }
    guard count >= length else { return 0 }
    let second = source.load(fromByteOffset: 1, as: UInt8.self)
    guard second >= low, second <= high else { return 0 }
    for index in 2..<max(length, 2) where source.load(fromByteOffset: index, as: UInt8.self) & 0xC0 != 0x80 { return 0 }
    return length
  }

  @inline(__always)
  private static func put(_ target: UnsafeMutableRawPointer, _ first: UInt8, _ second: UInt8) -> Int {
    target.storeBytes(of: first, as: UInt8.self)
    target.storeBytes(of: second, toByteOffset: 1, as: UInt8.self)
    return 2
  }

  private static func hex(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }

  @inline(__always)
  static func writeText(_ text: StaticString, to target: UnsafeMutableRawPointer) -> Int {
    target.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
    return text.utf8CodeUnitCount
  }
}
