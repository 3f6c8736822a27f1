// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import Testing

/// The commands of the last stage of a file that begins with `FROM scratch`.
func commands(_ text: String) throws -> [Command] {
  let dockerfile = try DockerfileParser.parse("FROM scratch\n" + text)
  return dockerfile.stages.last?.instructions.map(\.command) ?? []
}

func command(_ text: String) throws -> Command { try #require(try commands(text).first) }

func run(_ text: String) throws -> RunCommand {
  guard case .run(let run) = try command(text) else { throw Unexpected() }
  return run
}

func copy(_ text: String) throws -> CopyCommand {
  switch try command(text) {
  case .copy(let copy), .add(let copy): return copy
  default: throw Unexpected()
  }
}

struct Unexpected: Error {}

/// The error of a file, which must be a refusal.
func refusal(_ text: String) -> HullError? {
  do throws(HullError) {
    _ = try DockerfileParser.parse(text)
    return nil
  } catch {
    return error.code == .invalidArgument ? error : nil
  }
}

extension HullError {
  var excerpt: SourceExcerpt? { cause as? SourceExcerpt }
}
