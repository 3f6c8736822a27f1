// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// A moment: seconds and nanoseconds since 1970 in UTC.
struct Timestamp: Equatable, Sendable {
  var seconds: Int
  var nanoseconds: Int

  init(seconds: Int, nanoseconds: Int = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
  }

  /// RFC 3339 with any number of fractional digits: `2026-11-22T12:00:00.123456789Z`, `…+01:00`. A missing time or zone is midnight, local.
  init?(_ text: String) {
    let parts = text.split(separator: "T", maxSplits: 1).map(String.init)
    guard let day = parts.first?.split(separator: "-", omittingEmptySubsequences: false), day.count == 3, day[0].count == 4,
      let year = Int32(day[0]), let month = Int32(day[1]), let date = Int32(day[2]), (1...12).contains(month), (1...31).contains(date)
    else { return nil }
    var clock = tm()
    (clock.tm_year, clock.tm_mon, clock.tm_mday, clock.tm_isdst) = (year - 1900, month - 1, date, -1)
    var offset: Int?
    nanoseconds = 0
    if parts.count == 2 {
      var time = parts[1]
      offset = Self.takeZone(&time)
      let (whole, fraction) = Text.cut(time, ".") ?? (time, "")
      let fields = whole.split(separator: ":").map { Int32($0) }
      guard (1...3).contains(fields.count), !fields.contains(nil), fraction.allSatisfy({ $0.isASCII && $0.isNumber }), fraction.count <= 9 else {
        return nil
      }
      clock.tm_hour = fields[0] ?? 0
      clock.tm_min = fields.count > 1 ? fields[1] ?? 0 : 0
      clock.tm_sec = fields.count > 2 ? fields[2] ?? 0 : 0
      guard clock.tm_hour < 25, clock.tm_min < 60, clock.tm_sec < 61 else { return nil }
      nanoseconds = Int(fraction.padding(to: 9)) ?? 0
    }
    seconds = offset.map { timegm(&clock) - $0 } ?? mktime(&clock)
  }

  /// Cuts `Z` or `±hh:mm` off the end; its offset in seconds, `nil` when there is none.
  private static func takeZone(_ time: inout String) -> Int? {
    if time.hasSuffix("Z") {
      time.removeLast()
      return 0
    }
    guard let sign = time.lastIndex(where: { $0 == "+" || $0 == "-" }) else { return nil }
    let zone = time[time.index(after: sign)...].split(separator: ":").compactMap { Int($0) }
    let negative = time[sign] == "-"
    time = String(time[..<sign])
    let offset = (zone.first ?? 0) * 3600 + (zone.count > 1 ? zone[1] : 0) * 60
    return negative ? -offset : offset
  }

  /// As Go prints a local time: `2026-11-22 12:31:15 +0000 UTC`.
  var goString: String { local("%Y-%m-%d %H:%M:%S %z %Z") }

  /// A moment in RFC 3339 as Go prints it, in the zone it is written in: `2026-11-22 12:31:15.5 +0100 +0100`; "" for no moment.
  static func goString(_ text: String) -> String {
    guard let moment = Timestamp(text), let (day, clock) = Text.cut(text, "T") else { return "" }
    let digits = clock.prefix { $0.isNumber || $0 == ":" || $0 == "." }
    let zone = clock.dropFirst(digits.count).filter { $0 != ":" }
    var time = digits
    if time.contains(".") { time = Substring(time.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed().map(String.init).joined()) }
    if zone == "Z" || zone == "+0000" { return "\(day) \(time) +0000 UTC" }
    return "\(day) \(time) \(zone) \(zone == moment.local("%z") ? moment.local("%Z") : String(zone))"
  }

  /// RFC 3339 in local time with nine digits: `2026-11-22T12:31:15.723000000+01:00`.
  var rfc3339Nano: String {
    let zone = local("%z")
    let mark = zone == "+0000" ? "Z" : "\(zone.prefix(3)):\(zone.suffix(2))"
    let digits = String(nanoseconds)
    return local("%Y-%m-%dT%H:%M:%S") + "." + String(repeating: "0", count: 9 - digits.count) + digits + mark
  }

  /// RFC 3339 in local time without a fraction.
  var rfc3339: String {
    let zone = local("%z")
    return local("%Y-%m-%dT%H:%M:%S") + (zone == "+0000" ? "Z" : "\(zone.prefix(3)):\(zone.suffix(2))")
  }

  func local(_ pattern: String) -> String {
    var time = time_t(seconds)
    var clock = tm()
    localtime_r(&time, &clock)
    var buffer = [CChar](repeating: 0, count: 128)
    let count = strftime(&buffer, buffer.count, pattern, &clock)
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// How long ago this is, `3 hours ago`.
  var ago: String { Units.humanDuration(seconds: Timestamp.now.seconds - seconds) + " ago" }

  /// For `--since` and `--until`: a Go duration before now, RFC 3339, or Unix seconds; as the API takes it, `seconds.nanoseconds`.
  static func query(_ text: String) throws(HullError) -> String {
    if text.isEmpty { return "" }
    if let nanos = try? Units.duration(text) {
      let now = Timestamp.now
      let moment = now.seconds * 1_000_000_000 + now.nanoseconds - Int(nanos)
      return "\(moment / 1_000_000_000).\(String(moment % 1_000_000_000).paddedLeft(to: 9))"
    }
    if text.contains("-"), let moment = Timestamp(text) { return "\(moment.seconds).\(String(moment.nanoseconds).paddedLeft(to: 9))" }
    guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), Double(text) != nil else {
      throw HullError(.invalidArgument, "invalid value for a time: \(Text.quoted(text)), use RFC 3339, Unix seconds or a duration such as 42m")
    }
    return text
  }
}

extension String {
  fileprivate func padding(to count: Int) -> String { self + String(repeating: "0", count: max(0, count - self.count)) }
  fileprivate func paddedLeft(to count: Int) -> String { String(repeating: "0", count: max(0, count - self.count)) + self }
}
