// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import ShimProtocol

/// `--log-driver` and `--log-opt`. Hull bounds a log by default, where Docker lets it grow.
struct LogSettings: Equatable {
  static let defaultSize: Int64 = 10 << 20
  static let defaultFiles = 3

  /// `nil`: nothing is kept.
  var file: (maxSize: Int64?, maxFiles: UInt32)?

  static func == (left: LogSettings, right: LogSettings) -> Bool {
    left.file?.maxSize == right.file?.maxSize && left.file?.maxFiles == right.file?.maxFiles
  }

  init(_ config: LogConfig) throws(HullError) {
    switch config.type {
    case "none":
      guard (config.config ?? [:]).isEmpty else { throw HullError(.invalidArgument, "unknown log opt for none log driver") }
      file = nil
    // One form of file for both.
    case "json-file", "local", "":
      file = (LogSettings.defaultSize, UInt32(LogSettings.defaultFiles))
      for (key, value) in config.config ?? [:] { try read(key, value) }
    default:
      throw HullError(.invalidArgument, "logger: no log driver named '\(config.type)' is registered")
    }
  }

  func plan(path: String) -> LogPlan? { file.map { LogPlan(path: path, maxSize: $0.maxSize, maxFiles: $0.maxFiles) } }

  private mutating func read(_ key: String, _ value: String) throws(HullError) {
    switch key {
    case "max-size":
      guard value != "-1" else {
        file?.maxSize = nil
        return
      }
      guard let size = LogSettings.size(value), size > 0 else { throw HullError(.invalidArgument, "invalid log opt max-size '\(value)'") }
      file?.maxSize = size
    case "max-file":
      guard let count = UInt32(value), count >= 1 else { throw HullError(.invalidArgument, "max-file cannot be less than 1") }
      file?.maxFiles = count
    case "compress", "mode", "max-buffer-size": break
    case "labels", "labels-regex", "env", "env-regex", "tag": break
    default: throw HullError(.invalidArgument, "unknown log opt '\(key)' for json-file log driver")
    }
  }

  /// `10m`, `1g`, `500k`, `1024`, with an optional `b` or `ib`.
  static func size(_ text: String) -> Int64? {
    var rest = text.lowercased()[...]
    if rest.hasSuffix("ib") { rest = rest.dropLast(2) } else if rest.hasSuffix("b") { rest = rest.dropLast() }
    let units: [Character: Int64] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40]
    var factor: Int64 = 1
    if let last = rest.last, let unit = units[last] {
      factor = unit
      rest = rest.dropLast()
    }
    guard let number = Double(rest), number >= 0, number * Double(factor) < 9e18 else { return nil }
    return Int64(number * Double(factor))
  }
}
