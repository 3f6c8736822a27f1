// SPDX-License-Identifier: Apache-2.0

/// The number and text fields of a tar header block (POSIX ustar, GNU base-256).
enum TarField {
  /// Up to the first NUL.
  static func text(_ field: UnsafeRawBufferPointer) -> [UInt8] {
    Array(field.prefix { $0 != 0 })
  }

  /// Octal with spaces and NULs around it, or base-256; `nil` when it is neither or does not fit. Blank is 0.
  static func number(_ field: UnsafeRawBufferPointer) -> Int64? {
    guard let first = field.first else { return 0 }
    if first & 0x80 != 0 { return base256(field) }
    var start = field.startIndex
    var end = field.endIndex
    while start < end, field[start] == 0x20 || field[start] == 0 { start += 1 }
    while end > start, field[end - 1] == 0x20 || field[end - 1] == 0 { end -= 1 }
    var value: Int64 = 0
    for index in start..<end {
      let byte = field[index]
      if byte == 0 { break }
      guard (0x30...0x37).contains(byte), value < 1 << 59 else { return nil }
      value = value << 3 | Int64(byte - 0x30)
    }
    return value
  }

  private static func base256(_ field: UnsafeRawBufferPointer) -> Int64? {
    let negative = field[0] & 0x40 != 0
    var value: Int64 = negative ? -1 : 0
    for (index, byte) in field.enumerated() {
      let digit = index == 0 ? (negative ? byte | 0x80 : byte & 0x7f) : byte
      guard value >= -(1 << 54), value < 1 << 54 else { return nil }
      value = value << 8 | Int64(digit)
    }
    return value
  }

  /// Decimal digits only; `nil` when it is something else or does not fit.
  static func decimal(_ bytes: some Collection<UInt8>) -> Int64? {
    guard !bytes.isEmpty, bytes.count <= 18 else { return nil }
    var value: Int64 = 0
    for byte in bytes {
      guard (0x30...0x39).contains(byte) else { return nil }
      value = value * 10 + Int64(byte - 0x30)
    }
    return value
  }

  /// pax times: `[-]seconds[.fraction]`.
  static func time(_ bytes: [UInt8]) -> TarEntry.Time? {
    let negative = bytes.first == UInt8(ascii: "-")
    let parts = bytes.dropFirst(negative ? 1 : 0).split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, let seconds = decimal(whole) else { return nil }
    var nanoseconds: Int64 = 0
    if parts.count == 2 {
      guard parts[1].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      let digits = parts[1].prefix(9)
      nanoseconds = decimal(digits + Array(repeating: 0x30, count: 9 - digits.count)) ?? 0
    }
    guard negative else { return TarEntry.Time(seconds: seconds, nanoseconds: nanoseconds) }
    return nanoseconds == 0
      ? TarEntry.Time(seconds: -seconds) : TarEntry.Time(seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds)
  }
}
