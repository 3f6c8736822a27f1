// SPDX-License-Identifier: Apache-2.0
import Builder
import Dockerfile
import Foundation

/// The answer to `--call=outline`: BuildKit's `frontend.outline`, version 1.0.0. What is empty is left out.
struct OutlineAnswer: Encodable {
  struct Location: Encodable {
    var ranges: [SourceDetail.Range]

    init(_ location: SourceRange) { ranges = SourceDetail.Range.list(location) }
  }
  struct Argument: Encodable {
    var name: String
    var description: String?
    var value: String?
    var location: Location
  }
  struct Mount: Encodable {
    var name: String
    var required: Bool?
    var location: Location

    init(_ mount: BuildOutline.Mount) { (name, required, location) = (mount.name, mount.isRequired ? true : nil, Location(mount.location)) }
  }

  var name: String?
  var description: String?
  var args: [Argument]?
  var secrets: [Mount]?
  var ssh: [Mount]?
  var sources: [Data]

  init(_ outline: BuildOutline, _ result: BuildResult) {
    (name, description) = (outline.name.nilIfEmpty, outline.description.nilIfEmpty)
    args = outline.arguments.map {
      Argument(name: $0.name, description: $0.description.nilIfEmpty, value: $0.value?.nilIfEmpty, location: Location($0.location))
    }
    (secrets, ssh) = (outline.secrets.map(Mount.init), outline.agents.map(Mount.init))
    sources = [result.source]
  }
}

/// The answer to `--call=targets`: BuildKit's `frontend.targets`, version 1.0.0.
struct TargetsAnswer: Encodable {
  struct Target: Encodable {
    var name: String?
    var `default`: Bool?
    var description: String?
    var base: String
    var platform: String?
    var location: OutlineAnswer.Location
  }

  var targets: [Target]
  var sources: [Data]

  init(_ result: BuildResult) {
    let stages = result.dockerfile?.stages ?? []
    targets = stages.map { stage in
      Target(
        name: stage.name, default: stage.index == stages.count - 1 ? true : nil,
        description: stage.comments.description(of: stage.name ?? "").nilIfEmpty, base: stage.base, platform: stage.platform,
        location: OutlineAnswer.Location(stage.location))
    }
    sources = [result.source]
  }
}

extension BuildResult {
  /// The Dockerfile's text.
  var source: Data { Data(lines.map { $0 + "\n" }.joined().utf8) }
}

extension String {
  fileprivate var nilIfEmpty: String? { isEmpty ? nil : self }
}
