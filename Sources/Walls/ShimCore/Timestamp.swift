// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The wall clock, and its RFC 3339 form as Go prints it (`RFC3339Nano`: UTC, trailing zeros of the fraction trimmed).
struct Timestamp {
  /// `2026-11-22T12:00:00.123456789Z`
  static let maximumLength = 30

  /// The text up to the seconds, and the second it is for: most lines of a log share it.
  private var prefix: [UInt8] = Array("1970-01-01T00:00:00".utf8)
  private var prefixSecond: Int = 0

  /// Now, in nanoseconds since 1970.
  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Writes the text for `nanoseconds` since 1970 (not before) and returns its length, at most `maximumLength`.
  mutating func write(_ nanoseconds: Int64, to target: UnsafeMutableRawPointer) -> Int {
    let second = Int(nanoseconds / 1_000_000_000)
    if second != prefixSecond { setPrefix(second) }
    prefix.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: 19) }
    var length = 19
    var fraction = Int(nanoseconds % 1_000_000_000)
    if fraction > 0 {
      var digits = 9
      while fraction % 10 == 0 {
        fraction /= 10
        digits -= 1
      }
      target.storeBytes(of: UInt8(ascii: "."), toByteOffset: 19, as: UInt8.self)
      for index in stride(from: 19 + digits, to: 19, by: -1) {
        target.storeBytes(of: 0x30 + UInt8(fraction % 10), toByteOffset: index, as: UInt8.self)
        fraction /= 10
      }
      length = 20 + digits
    }
    target.storeBytes(of: UInt8(ascii: "Z"), toByteOffset: length, as: UInt8.self)
    return length + 1
  }

  private mutating func setPrefix(_ second: Int) {
    var time = time_t(second)
    var parts = tm()
    gmtime_r(&time, &parts)
    setDigits(Int(parts.tm_year) + 1900, at: 0, count: 4)
    setDigits(Int(parts.tm_mon) + 1, at: 5, count: 2)
    setDigits(Int(parts.tm_mday), at: 8, count: 2)
    setDigits(Int(parts.tm_hour), at: 11, count: 2)
    setDigits(Int(parts.tm_min), at: 14, count: 2)
    setDigits(Int(parts.tm_sec), at: 17, count: 2)
    prefixSecond = second
  }

  private mutating func setDigits(_ value: Int, at index: Int, count: Int) {
    var rest = value
    for position in stride(from: index + count - 1, through: index, by: -1) {
      prefix[position] = 0x30 + UInt8(rest % 10)
      rest /= 10
    }
  }
}
