// SPDX-License-Identifier: Apache-2.0
import Glibc

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7, the one form that is still sent).
enum HTTPDate {
  /// Seconds since 1970; `nil` for anything else.
  static func seconds(_ text: String) -> Int? {
    let parts = fixed(text).split(separator: " ")
    guard parts.count == 6, ["GMT", "UTC"].contains(parts[5]), let month = months.firstIndex(of: parts[2].lowercased()) else { return nil }
    let clock = parts[4].split(separator: ":").map { Int32($0) }
    guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2], let day = Int32(parts[1]), let year = Int32(parts[3]),
      (1...31).contains(day), (1970...9999).contains(year), (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
    else { return nil }
    var date = tm()
    (date.tm_year, date.tm_mon, date.tm_mday) = (year - 1900, Int32(month), day)
    (date.tm_hour, date.tm_min, date.tm_sec) = (hour, minute, second)
    return timegm(&date)
  }

  /// The older form with a full weekday and a year of two digits, as the present one: years up to 69 are of this century.
  private static func fixed(_ text: String) -> String {
    let parts = text.split(separator: " ").map(String.init)
    guard parts.count == 4, case let date = parts[1].split(separator: "-").map(String.init), date.count == 3, let year = Int(date[2]) else {
      return text
    }
    let whole = date[2].count == 2 ? (year < 70 ? 2000 : 1900) + year : year
    return "\(parts[0]) \(date[0]) \(date[1]) \(whole) \(parts[2]) \(parts[3])"
  }

  private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
}
