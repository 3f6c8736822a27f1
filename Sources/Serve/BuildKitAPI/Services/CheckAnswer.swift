// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Dockerfile
import Errors
import Foundation

/// The answer to `--check`: what BuildKit's front end calls the subrequest `frontend.lint`, version 1.0.0.
struct CheckAnswer: Encodable {
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
      location = Location(ranges: warning.location.map(SourceDetail.Range.list) ?? [])
    }
  }

  /// Why the file could not be built.
  struct Failure: Encodable {
    var message: String
    var location: Location

    init(_ failure: HullError) {
      message = failure.message
      location = Location(ranges: (failure.cause as? SourceExcerpt).map { SourceDetail.Range.list($0.location) } ?? [])
    }
  }

  var warnings: [Warning]
  var sources: [SourceDetail.Info]
  var buildError: Failure?

  /// - Parameter name: the Dockerfile's.
  init(_ result: BuildResult, name: String) {
    warnings = result.warnings.map(Warning.init)
    buildError = result.failure.map(Failure.init)
    sources = [SourceDetail.Info(filename: name, data: Data(result.lines.joined(separator: "\n").utf8))]
  }

  /// By the keys that clients look for.
  func metadata() throws -> [String: Data] {
    let text = warnings.map { "\n\($0.ruleName) - \($0.url)\n\($0.detail)\n" }.joined()
    let isClean = warnings.isEmpty && buildError == nil
    return [
      "result.json": try JSONEncoder().encode(self), "result.txt": Data(text.utf8), "result.statuscode": Data((isClean ? "0" : "1").utf8),
      "version": Data(Subrequest.version.utf8),
    ]
  }
}
