// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Dockerfile
import Errors
import Glibc
import OCISpec

/// Which builds a client wants of the history: of several filters one must hold, of the parts of one all (`status==error,startedAt>24h`).
struct HistoryFilter {
  private struct Part {
    var key: String
    var comparison: String
    var value: String
  }

  private static let comparisons = ["==", "~=", "!=", ">=", "<=", ">", "<"]
  private let filters: [[Part]]

  /// Throws `invalidArgument` for what is no filter.
  init(_ texts: [String]) throws(HullError) {
    filters = try texts.map { (text) throws(HullError) in
      try text.split(separator: ",").map { (part) throws(HullError) in try HistoryFilter.part(String(part)) }
    }
  }

  private static func part(_ text: String) throws(HullError) -> Part {
    let places = comparisons.compactMap { comparison in text.firstRange(of: comparison).map { (comparison, $0) } }
    guard let (comparison, place) = places.min(by: { ($0.1.lowerBound, $1.0.count) < ($1.1.lowerBound, $0.0.count) }) else {
      throw HullError(.invalidArgument, "invalid history filter \(quoted(text)): use key==value")
    }
    let value = String(text[place.upperBound...].drop { $0 == "\"" })
    return Part(key: String(text[..<place.lowerBound]), comparison: comparison, value: value.hasSuffix("\"") ? String(value.dropLast()) : value)
  }

  func matches(_ record: ControlBuildHistoryRecord) -> Bool {
    filters.isEmpty || filters.contains { $0.allSatisfy { HistoryFilter.matches($0, record) } }
  }

  private static func matches(_ part: Part, _ record: ControlBuildHistoryRecord) -> Bool {
    if let time = number(part.key, record) { return compare(time, part) }
    let text: String
    switch part.key {
    case "ref": text = record.ref
    case "status": text = record.status
    case "repository": text = record.frontendAttrs["vcs:source"] ?? record.frontendAttrs["context"] ?? ""
    default: return false
    }
    switch part.comparison {
    case "==": return text == part.value
    case "~=": return text.contains(part.value)
    case "!=": return text != part.value
    default: return false
    }
  }

  /// Seconds.
  private static func number(_ key: String, _ record: ControlBuildHistoryRecord) -> Double? {
    switch key {
    case "startedAt": Double(record.createdAt.seconds)
    case "completedAt": record.hasCompletedAt ? Double(record.completedAt.seconds) : 0
    case "duration":
      record.hasCompletedAt
        ? Double(record.completedAt.seconds - record.createdAt.seconds) + Double(record.completedAt.nanos - record.createdAt.nanos) / 1e9 : 0
    default: nil
    }
  }

  private static func compare(_ have: Double, _ part: Part) -> Bool {
    let wanted: Double
    if let length = GoText.duration(part.value).map({ Double($0) / 1e9 }) {
      wanted = part.key == "duration" ? length : Double(Glibc.time(nil)) - length
    } else if let time = RFC3339.parse(part.value) {
      wanted = Double(time.seconds)
    } else {
      return false
    }
    switch part.comparison {
    case ">=": return have >= wanted
    case "<=": return have <= wanted
    case ">": return have > wanted
    case "<": return have < wanted
    default: return false
    }
  }
}

extension ControlBuildHistoryRecord {
  /// As clients call it.
  var status: String {
    guard hasCompletedAt else { return "running" }
    guard hasError else { return "completed" }
    return error.message.contains("context canceled") ? "canceled" : "error"
  }
}
