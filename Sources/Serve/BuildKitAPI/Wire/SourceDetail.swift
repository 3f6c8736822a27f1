// SPDX-License-Identifier: Apache-2.0
import Builder
import Dockerfile
import Errors
import Foundation
import GRPCCore

/// A place in a Dockerfile as BuildKit's clients show it: a detail of an error, or part of the answer to a check.
struct SourceDetail: Encodable {
  /// The name of the type among the details of an error.
  static let type = "github.com/moby/buildkit/errdefs.Source+json"

  struct Info: Encodable {
    var filename: String
    var language = "Dockerfile"
    /// Where BuildKit has the graph that the file came from. Clients want it to be there.
    var definition: [String: String] = [:]
    /// In Base64.
    var data: Data
  }
  struct Position: Encodable {
    var line: Int
  }
  struct Range: Encodable {
    var start: Position
    var end: Position

    init(line: Int) { (start, end) = (Position(line: line), Position(line: line)) }

    /// One for each line, as BuildKit has them.
    static func list(_ location: SourceRange) -> [Range] { location.lines.map(Range.init(line:)) }
  }

  var info: Info
  var ranges: [Range]

  init(_ excerpt: SourceExcerpt) {
    info = Info(filename: excerpt.name, data: Data((excerpt.lines.joined(separator: "\n") + (excerpt.endsLine ? "\n" : "")).utf8))
    ranges = Range.list(excerpt.location)
  }

  /// An error of a build whose place in the Dockerfile is known: the message without the excerpt, which the client makes itself.
  static func failure(_ error: HullError) -> RPCError? {
    let excerpt = error.cause as? SourceExcerpt ?? (error.cause as? BuildFailure)?.excerpt
    guard let excerpt, let json = try? JSONEncoder().encode(SourceDetail(excerpt)) else { return nil }
    var message = error.message
    if let failure = error.cause as? BuildFailure, let reason = failure.reason { message += ": \(reason)" }
    var details = [(type, Array(json))]
    if let process = try? JSONEncoder().encode(ProcessDetail()) { details.insert((ProcessDetail.type, Array(process)), at: 0) }
    if let failure = error.cause as? BuildFailure, let vertex = try? JSONEncoder().encode(["digest": failure.vertex.id.description]) {
      // By it clients find the step's output in the log.
      details.append(("github.com/moby/buildkit/errdefs.Vertex+json", Array(vertex)))
    }
    return try? CallFailure.of(RPCError(code: .unknown, message: message), details: details)
  }
}
