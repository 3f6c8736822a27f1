// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// Sizes and times as people write them.
package enum Quantity {
  /// `500MB`, `10GiB`, `1048576`: powers of 1000 for B, powers of 1024 for iB.
  package static func bytes(_ text: String) throws(HullError) -> Int64 {
    let units: [String: Int64] = [
      "": 1, "b": 1, "kb": 1000, "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
      "tib": 1 << 40,
    ]
    return try value(text, units, "size", "500MB or 10GiB")
  }

  /// `90s`, `15m`, `24h`, `30d`, `2w`.
  package static func seconds(_ text: String) throws(HullError) -> Int64 {
    try value(text, ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800], "time", "15m, 24h or 30d")
  }

  private static func value(_ text: String, _ units: [String: Int64], _ what: String, _ examples: String) throws(HullError) -> Int64 {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int64(digits), let unit = units[text.dropFirst(digits.count).lowercased()],
      case (let value, false) = number.multipliedReportingOverflow(by: unit)
    else { throw HullError(.invalidArgument, "invalid \(what) \(quoted(text)): use for example \(examples)") }
    return value
  }
}
