// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// `HEALTHCHECK [--interval=30s …] CMD …` or `HEALTHCHECK NONE`.
enum HealthcheckChange {
  static func parse(_ text: String) throws(HullError) -> ProcessConfig.Healthcheck {
    var check = ProcessConfig.Healthcheck()
    var rest = Substring(text)
    while rest.hasPrefix("--") {
      let option = rest.prefix { !$0.isWhitespace }
      try set(String(option.dropFirst(2)), on: &check)
      rest = rest.dropFirst(option.count).drop(while: \.isWhitespace)
    }
    let kind = rest.prefix { !$0.isWhitespace }.uppercased()
    let argument = ChangeText.trim(String(rest.dropFirst(kind.count)))
    switch kind {
    case "NONE" where argument.isEmpty: check.test = ["NONE"]
    case "NONE": throw HullError(.invalidArgument, "HEALTHCHECK NONE takes no arguments")
    case "CMD":
      guard !argument.isEmpty else { throw HullError(.invalidArgument, "Missing command after HEALTHCHECK CMD") }
      check.test = try ChangeText.list(argument).map { ["CMD"] + $0 } ?? ["CMD-SHELL", argument]
    default: throw HullError(.invalidArgument, "Unknown type \(quoted(kind)) in HEALTHCHECK (try CMD)")
    }
    return check
  }

  private static func set(_ option: String, on check: inout ProcessConfig.Healthcheck) throws(HullError) {
    let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else { throw HullError(.invalidArgument, "missing a value on flag: --\(option)") }
    switch parts[0] {
    case "interval": check.interval = try duration(parts[0], parts[1])
    case "timeout": check.timeout = try duration(parts[0], parts[1])
    case "start-period": check.startPeriod = try duration(parts[0], parts[1])
    case "start-interval": check.startInterval = try duration(parts[0], parts[1])
    case "retries":
      guard let retries = Int(parts[1]), retries >= 0 else {
        throw HullError(.invalidArgument, "--retries must be a number, not \(quoted(parts[1]))")
      }
      check.retries = retries
    default: throw HullError(.invalidArgument, "unknown flag: --\(parts[0])")
    }
  }

  /// Go's durations: `1h30m`, `1.5s`, `500ms`; in nanoseconds.
  static func duration(_ name: String, _ text: String) throws(HullError) -> Int64 {
    let units: [String: Double] = ["ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9]
    var rest = Substring(text)
    var total = 0.0
    while !rest.isEmpty {
      let number = rest.prefix { $0.isNumber || $0 == "." }
      rest = rest.dropFirst(number.count)
      let unit = rest.prefix { !$0.isNumber && $0 != "." }
      rest = rest.dropFirst(unit.count)
      guard let value = Double(number), let scale = units[String(unit)] else { throw invalid(name, text) }
      total += value * scale
    }
    guard !text.isEmpty, total == 0 || (1e6...9e18).contains(total) else { throw invalid(name, text) }
    return Int64(total)
  }

  private static func invalid(_ name: String, _ text: String) -> HullError {
    HullError(.invalidArgument, "--\(name)=\(text) is not a duration of at least 1ms, like 30s")
  }
}
