// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

/// The query of a request's target, read as Go's `net/url` and Docker's `httputils` do.
package struct Query: Sendable, Equatable {
  private var pairs: [(name: String, value: String)] = []

  package static func == (left: Query, right: Query) -> Bool {
    left.pairs.elementsEqual(right.pairs) { $0.name == $1.name && $0.value == $1.value }
  }

  /// Throws `invalidArgument` for a broken percent-escape.
  package init(parsing text: some StringProtocol) throws(HullError) {
    for pair in text.split(separator: "&") {
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = try PercentEncoding.decode(halves[0], plusIsSpace: true)
      pairs.append((name, halves.count > 1 ? try PercentEncoding.decode(halves[1], plusIsSpace: true) : ""))
    }
  }

  /// The first value; "" when there is none.
  package subscript(name: String) -> String { pairs.first { $0.name == name }?.value ?? "" }

  package func contains(_ name: String) -> Bool { pairs.contains { $0.name == name } }

  /// All values of a parameter that may be repeated.
  package func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

  /// `nil` when missing or empty.
  package func text(_ name: String) -> String? {
    let value = self[name]
    return value.isEmpty ? nil : value
  }

  /// Docker's idea of a boolean: everything but `0`, `no`, `false`, `none` and nothing is true.
  package func bool(_ name: String, default fallback: Bool = false) -> Bool {
    guard contains(name) else { return fallback }
    switch self[name].lowercased().filter({ !$0.isWhitespace }) {
    case "", "0", "no", "false", "none": return false
    default: return true
    }
  }

  /// `nil` when missing or empty; throws `invalidArgument` for what is not a number.
  package func int(_ name: String) throws(HullError) -> Int? {
    guard let value = text(name) else { return nil }
    guard let number = Int(value) else {
      throw HullError(.invalidArgument, "invalid value '\(value)' of the query parameter '\(name)': not a whole number")
    }
    return number
  }

  package func filters() throws(HullError) -> Filters { try Filters(parsing: self["filters"]) }

  /// A time as the API has it: seconds since 1970, possibly with up to nine digits behind a dot. Gives nanoseconds; `nil` when missing or empty.
  package func time(_ name: String) throws(HullError) -> Int64? {
    guard let value = text(name) else { return nil }
    let parts = value.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let fraction = parts.count > 1 ? parts[1] : ""
    guard let seconds = Int64(parts[0]), fraction.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let nanoseconds = Int64((fraction + "000000000").prefix(9))
    else { throw HullError(.invalidArgument, "invalid value '\(value)' of the query parameter '\(name)': not seconds since 1970") }
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    // Before or behind all times that can be told apart.
    if overflow { return seconds < 0 ? .min : .max }
    return product.addingReportingOverflow(seconds < 0 ? -nanoseconds : nanoseconds).partialValue
  }
}

/// RFC 3986, 2.1.
package enum PercentEncoding {
  package static func decode(_ text: some StringProtocol, plusIsSpace: Bool) throws(HullError) -> String {
    guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return String(text) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst().flatMap(nibble), let low = rest.popFirst().flatMap(nibble) else {
          throw HullError(.invalidArgument, "invalid URL escape in \"\(text)\"")
        }
        bytes.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func nibble(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
