// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Sizes and durations as Docker writes and reads them.
enum Units {
  private static let decimalNames = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
  private static let binaryNames = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]

  /// Powers of 1000, as `1.98MB`: `precision` significant digits.
  static func size(_ bytes: Double, precision: Int = 4) -> String { scaled(bytes, 1000, decimalNames, precision) }

  /// Powers of 1024, as `15.57GiB`.
  static func binarySize(_ bytes: Double) -> String { scaled(bytes, 1024, binaryNames, 4) }

  private static func scaled(_ bytes: Double, _ base: Double, _ names: [String], _ precision: Int) -> String {
    var value = bytes
    var index = 0
    while value >= base, index < names.count - 1 {
      value /= base
      index += 1
    }
    return format("%.\(precision)g", value) + names[index]
  }

  /// printf for one number.
  static func format(_ pattern: String, _ value: Double) -> String {
    withVaList([value]) { arguments in
      var buffer = [CChar](repeating: 0, count: 400)
      let count = vsnprintf(&buffer, buffer.count, pattern, arguments)
      return String(decoding: buffer.prefix(Int(max(0, min(count, 399)))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  /// `512m`, `1.5g`, `64 kib`, `1073741824`, `-1`: powers of 1024. The text is a number, then at most one unit.
  static func bytes(_ text: String) throws(HullError) -> Int64 {
    let failure = HullError(.invalidArgument, "invalid size: '\(text)'")
    var digits = Text.trimmed(text).lowercased()
    var suffix = ""
    while let last = digits.last, !(last.isNumber || last == "." || last == " ") { suffix = String(digits.removeLast()) + suffix }
    if digits.last == " " { digits.removeLast() }
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") }), let value = Double(digits) else {
      throw failure
    }
    if suffix.hasSuffix("ib") { suffix.removeLast(2) } else if suffix.hasSuffix("b") { suffix.removeLast() }
    let powers: [String: Int] = ["": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5]
    guard let power = powers[suffix] else { throw failure }
    let result = value * Double(sequence(first: Int64(1)) { $0 * 1024 }.prefix(power + 1).reduce(1) { max($0, $1) })
    guard result.magnitude < 9.2e18 else { throw failure }
    return Int64(result)
  }

  /// `1.5` CPUs in billionths.
  static func nanoCPUs(_ text: String) throws(HullError) -> Int64 {
    guard let value = Double(text), value.isFinite, value.magnitude < 1e9, text.allSatisfy({ $0.isASCII && ($0.isNumber || ".-+eE".contains($0)) })
    else {
      throw HullError(.invalidArgument, "failed to parse \(text) as a rational number")
    }
    let nanos = (value * 1e9).rounded()
    guard (nanos - value * 1e9).magnitude < 1e-3 else { throw HullError(.invalidArgument, "value is too precise") }
    return Int64(nanos)
  }

  /// Go's durations: `1h30m`, `1.5s`, `300ms`, `-2m`, `0`; nanoseconds.
  static func duration(_ text: String) throws(HullError) -> Int64 {
    let failure = HullError(.invalidArgument, "time: invalid duration \(Text.quoted(text))")
    let scales: [String: Double] = ["ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9]
    var rest = text[...]
    let negative = rest.first == "-"
    if negative || rest.first == "+" { rest.removeFirst() }
    if rest == "0" { return 0 }
    guard !rest.isEmpty else { throw failure }
    var total = 0.0
    while !rest.isEmpty {
      let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest.removeFirst(number.count)
      let unit = rest.prefix { !($0.isNumber || $0 == ".") }
      rest.removeFirst(unit.count)
      if unit.isEmpty, !number.isEmpty { throw HullError(.invalidArgument, "time: missing unit in duration \(Text.quoted(text))") }
      guard let value = Double(number) else { throw failure }
      guard let scale = scales[String(unit)] else {
        throw HullError(.invalidArgument, "time: unknown unit \"\(unit)\" in duration \(Text.quoted(text))")
      }
      total += value * scale
    }
    guard total < 9.2e18 else { throw failure }
    return Int64(negative ? -total : total)
  }

  /// As `docker ps` says how long ago: `About a minute`, `3 hours`, `2 weeks`.
  static func humanDuration(seconds: Int) -> String {
    if seconds < 1 { return "Less than a second" }
    if seconds == 1 { return "1 second" }
    if seconds < 60 { return "\(seconds) seconds" }
    let minutes = seconds / 60
    if minutes == 1 { return "About a minute" }
    if minutes < 60 { return "\(minutes) minutes" }
    let hours = Int((Double(seconds) / 3600).rounded())
    if hours == 1 { return "About an hour" }
    if hours < 48 { return "\(hours) hours" }
    if hours < 24 * 7 * 2 { return "\(hours / 24) days" }
    if hours < 24 * 30 * 2 { return "\(hours / 24 / 7) weeks" }
    if hours < 24 * 365 * 2 { return "\(hours / 24 / 30) months" }
    return "\(seconds / 3600 / 24 / 365) years"
  }
}
