// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors

/// A Dockerfile is read, checked and its words expanded; the same text gives the same tree.
func fuzzDockerfile(_ input: [UInt8]) -> Verdict {
  do throws(HullError) {
    let dockerfile = try DockerfileParser.parse(input)
    guard try DockerfileParser.parse(input) == dockerfile else { return .failed("the same text gives another tree") }
    let warnings = try BuildChecks.run(dockerfile)
    let lines = dockerfile.lines.count
    let places = warnings.compactMap(\.location) + dockerfile.stages.flatMap { [$0.location] + $0.instructions.map(\.location) }
    for place in places where place.startLine < 1 || place.startLine > place.endLine || place.endLine > lines {
      return .failed("a place outside of the file: \(place)")
    }
    return expandAll(dockerfile)
  } catch {
    guard error.code == .invalidArgument else { return .failed("the wrong kind of error: \(error)") }
    return error.message.isEmpty ? .failed("an error without a message") : .refused
  }
}

private func expandAll(_ dockerfile: Dockerfile) -> Verdict {
  let expander = WordExpander(escape: dockerfile.directives.escape) { $0.utf8.count % 2 == 0 ? "a b" : nil }
  for instruction in dockerfile.stages.flatMap(\.instructions) {
    do throws(HullError) {
      let expansion = try expander.expansion(of: instruction.original)
      if expansion.words.contains("") { return .failed("an empty word") }
      if case .onbuild(let text) = instruction.command { _ = try DockerfileParser.parseInstruction(text, escape: dockerfile.directives.escape) }
      if case .run(let run) = instruction.command { for mount in run.mounts { _ = try mount.expanded(by: expander) } }
    } catch {
      guard error.code == .invalidArgument else { return .failed("the wrong kind of error: \(error)") }
    }
  }
  return .accepted
}

/// The first half of an input is the ignore file, the other one has paths. What is not left out must be reached by a walk.
func fuzzIgnore(_ input: [UInt8]) -> Verdict {
  let parts = input.split(separator: UInt8(ascii: "\u{1}"), maxSplits: 1, omittingEmptySubsequences: false)
  do throws(HullError) {
    let patterns = try IgnorePatterns(file: Array(parts[0]))
    guard try IgnorePatterns(patterns.patterns).patterns == patterns.patterns else { return .failed("the cleaned patterns are not clean") }
    let paths = (parts.count > 1 ? parts[1] : parts[0]).split(separator: UInt8(ascii: "\n"))
    for path in paths.prefix(200) {
      let path = path.split(separator: UInt8(ascii: "/")).joined(separator: [UInt8(ascii: "/")])
      if let failure = unreachable(Array(path), patterns) { return .failed(failure) }
    }
    return .accepted
  } catch {
    return error.code == .invalidArgument ? .refused : .failed("the wrong kind of error: \(error)")
  }
}

private func unreachable(_ path: [UInt8], _ patterns: IgnorePatterns) -> String? {
  if patterns.excludes(path) { return nil }
  for index in path.indices where path[index] == UInt8(ascii: "/") {
    let directory = Array(path[..<index])
    guard patterns.excludes(directory) else { continue }
    if !patterns.mayHaveIncludedChild(of: String(decoding: directory, as: UTF8.self)), String(decoding: path, as: UTF8.self).utf8.elementsEqual(path)
    {
      return "a walk would not find \(String(decoding: path, as: UTF8.self))"
    }
  }
  return nil
}
