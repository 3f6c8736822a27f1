// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Dockerfile
import Errors
import OCISpec

/// The options of BuildKit's front end `dockerfile.v0`, by their keys.
struct FrontendOptions: Sendable {
  let values: [String: String]

  init(_ values: [String: String]) { self.values = values }

  /// `nil` for a missing or empty value.
  subscript(key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }

  /// `build-arg:A`, `build-arg:B`, … as `A`, `B`, ….
  func group(_ prefix: String) -> [String: String] {
    var group: [String: String] = [:]
    for (key, value) in values where key.hasPrefix(prefix) { group[String(key.dropFirst(prefix.count))] = value }
    return group
  }

  /// A comma-separated list.
  func list(_ key: String) -> [String] { self[key]?.split(separator: ",").map(String.init) ?? [] }

  func number(_ key: String) throws(HullError) -> Int64 {
    guard let text = self[key] else { return 0 }
    guard let number = Int64(text) else { throw HullError(.invalidArgument, "build option \(key): \(quoted(text)) is not a number") }
    return number
  }

  /// `a=1,b` as `a`: `1`, `b`: ``.
  static func pairs(_ text: String) -> [String: String] {
    var pairs: [String: String] = [:]
    for part in text.split(separator: ",") {
      let cut = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      pairs[String(cut[0])] = cut.count > 1 ? String(cut[1]) : ""
    }
    return pairs
  }

  static func isTrue(_ text: String?) -> Bool { text.flatMap(GoText.boolean) == true }
}
