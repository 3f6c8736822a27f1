// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Dockerfile
import Foundation

/// Questions about a Dockerfile that clients ask in place of a build (`--call`); BuildKit calls them subrequests.
enum Subrequest: String, CaseIterable {
  case check = "frontend.lint"
  case outline = "frontend.outline"
  case targets = "frontend.targets"
  case describe = "frontend.subrequests.describe"

  static let version = "1.0.0"

  private var description: String {
    switch self {
    case .check: "Lint a Dockerfile"
    case .outline: "List all parameters current build target supports"
    case .targets: "List all targets current build supports"
    case .describe: "List available subrequest types"
    }
  }

  /// The answer, by the keys that clients look for.
  /// - Parameters:
  ///   - result: of a build that only checks or reads; `nil` for `describe`.
  ///   - options: the front end's.
  func metadata(_ result: BuildResult?, _ options: FrontendOptions) throws -> [String: Data] {
    let json: any Encodable
    switch self {
    case .check: return try CheckAnswer(result ?? BuildResult(), name: options["filename"] ?? "Dockerfile").metadata()
    case .outline:
      guard let result, let dockerfile = result.dockerfile else { return [:] }
      json = OutlineAnswer(try BuildOutline(dockerfile, given: options.group("build-arg:"), target: options["target"]), result)
    case .targets: json = TargetsAnswer(result ?? BuildResult())
    case .describe: json = Subrequest.allCases.map { Description(name: $0.rawValue, version: Self.version, type: "rpc", description: $0.description) }
    }
    let data = try Self.encoder.encode(json)
    return ["result.json": data, "result.txt": data, "version": Data(Self.version.utf8)]
  }

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .withoutEscapingSlashes]
    return encoder
  }

  private struct Description: Encodable {
    var name: String
    var version: String
    var type: String
    var description: String
    var metadata = [["name": "result.json"], ["name": "result.txt"]]
  }
}
