// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Dockerfile
import Foundation

/// The answer to `--check`: what BuildKit's front end calls the subrequest `frontend.lint`, version 1.0.0.
struct CheckAnswer: Encodable {
  static let request = "frontend.lint"

  struct Location: Encodable {
    var sourceIndex = 0
    var ranges: [SourceDetail.Range]
  }
  struct Warning: Encodable {
    var ruleName: String
    var description: String
    var url: String
    var detail: String
    var location: Location

    init(_ warning: BuildWarning) {
      (ruleName, description, url, detail) = (warning.rule, warning.description, warning.url, warning.message)
      location = Location(ranges: warning.location.map { [SourceDetail.Range($0)] } ?? [])
    }
  }

  var warnings: [Warning]
  var sources: [SourceDetail.Info]

  /// - Parameter name: the Dockerfile's.
  init(_ result: BuildResult, name: String) {
    warnings = result.warnings.map(Warning.init)
    sources = [SourceDetail.Info(filename: name, data: Data(result.lines.joined(separator: "\n").utf8))]
  }

  /// By the keys that clients look for.
  func metadata() throws -> [String: Data] {
    let text = warnings.map { "\n\($0.ruleName) - \($0.url)\n\($0.detail)\n" }.joined()
    return [
      "result.json": try JSONEncoder().encode(self), "result.txt": Data(text.utf8), "result.statuscode": Data((warnings.isEmpty ? "0" : "1").utf8),
      "version": Data("1.0.0".utf8),
    ]
  }
}
