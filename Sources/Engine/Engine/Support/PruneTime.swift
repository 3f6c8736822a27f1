// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

/// The filter `until` of the prune commands: an instant or how long ago.
package enum PruneTime {
  /// Nanoseconds since 1970; `nil` when it is not asked for.
  static func parse(_ filters: Filters) throws(HullError) -> Int64? {
    guard let text = filters["until"].first else { return nil }
    guard filters["until"].count == 1 else { throw HullError(.invalidArgument, "more than one until filter specified") }
    if let instant = Timestamp.parse(Array(text.utf8)) { return instant }
    if let seconds = Double(text), abs(seconds) < 9e9 { return Int64(seconds * 1e9) }
    if let ago = duration(text) { return Timestamp.now() - ago }
    throw HullError(.invalidArgument, "failed to parse until filter: \(text)")
  }

  /// `1h30m`, `10s`, `500ms` in nanoseconds; `nil` for what is no duration.
  package static func duration(_ text: String) -> Int64? {
    let units: [(String, Double)] = [("ms", 1e6), ("us", 1e3), ("ns", 1), ("h", 3.6e12), ("m", 6e10), ("s", 1e9)]
    var rest = text[...]
    var total = 0.0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isNumber || $0 == "." }
      guard let number = Double(digits) else { return nil }
      rest = rest.dropFirst(digits.count)
      guard let unit = units.first(where: { rest.hasPrefix($0.0) }) else { return nil }
      rest = rest.dropFirst(unit.0.count)
      total += number * unit.1
    }
    return text.isEmpty || total > 9e18 ? nil : Int64(total)
  }
}
