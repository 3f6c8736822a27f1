// SPDX-License-Identifier: Apache-2.0

/// Values as Go's standard library reads them, for that is what Dockerfiles are written for.
package enum GoText {
  /// `strconv.ParseBool`
  package static func boolean(_ text: String) -> Bool? {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": return true
    case "0", "f", "F", "false", "FALSE", "False": return false
    default: return nil
    }
  }

  /// Digits only: no sign.
  static func unsigned(_ text: String, radix: Int) -> UInt32? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return UInt32(text, radix: radix)
  }

  /// `time.ParseDuration`: `1h30m`, `1.5s`, `-3ms`. In nanoseconds.
  package static func duration(_ text: String) -> Int64? {
    var rest = Array(text.utf8)[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    if rest.elementsEqual([UInt8(ascii: "0")]) { return 0 }
    guard !rest.isEmpty else { return nil }
    var total: Int64 = 0
    while !rest.isEmpty {
      guard let part = durationPart(&rest) else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(part)
      if overflow { return nil }
      total = sum
    }
    return isNegative ? -total : total
  }

  private static let units: [String: Double] = ["ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 6e10, "h": 3.6e12]

  private static func durationPart(_ rest: inout ArraySlice<UInt8>) -> Int64? {
    let isNumeral: (UInt8) -> Bool = { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
    let digits = rest.prefix(while: isNumeral)
    rest = rest.dropFirst(digits.count)
    let name = rest.prefix { !isNumeral($0) }
    rest = rest.dropFirst(name.count)
    guard let unit = units[String(decoding: name, as: UTF8.self)], digits.contains(where: { $0 != UInt8(ascii: ".") }) else { return nil }
    let parts = String(decoding: digits, as: UTF8.self).split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts[0].isEmpty ? 0 : Int64(parts[0]) else { return nil }
    let (scaled, overflow) = whole.multipliedReportingOverflow(by: Int64(unit))
    let fraction = parts.count == 2 && !parts[1].isEmpty ? (Double("0." + parts[1]) ?? 0) * unit : 0
    let (sum, tooLarge) = scaled.addingReportingOverflow(Int64(fraction))
    return overflow || tooLarge ? nil : sum
  }

  /// docker/go-units `RAMInBytes`: `64m`, `1.5GiB`, `100`, units of 1024.
  static func bytes(_ text: String) -> Int64? {
    let lower = text.trimmed().lowercased()
    let digits = lower.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let number = Double(digits), number >= 0 else { return nil }
    let suffix = lower.dropFirst(digits.count).drop { $0 == " " }
    guard let exponent = exponent(of: suffix) else { return nil }
    let value = (0..<exponent).reduce(number) { value, _ in value * 1024 }
    return value < 9.2e18 ? Int64(value) : nil
  }

  private static func exponent(of suffix: Substring) -> Int? {
    guard let first = suffix.first else { return 0 }
    if suffix == "b" { return 0 }
    guard let index = Array("kmgtpe").firstIndex(of: first), ["", "b", "ib"].contains(suffix.dropFirst()) else { return nil }
    return index + 1
  }
}
