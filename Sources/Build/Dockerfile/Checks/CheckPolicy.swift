// SPDX-License-Identifier: Apache-2.0
import Errors

/// Which build checks a build wants, and whether a finding fails it.
package struct CheckPolicy: Sendable, Hashable {
  private var skipped: Set<String>
  private var experimental: Set<String>
  /// A finding fails the build.
  package private(set) var isError: Bool

  /// - Parameters:
  ///   - dockerfile: its `check` directive counts, unless the argument is there.
  ///   - arguments: `BUILDKIT_DOCKERFILE_CHECK` of `--build-arg` takes the place of the directive.
  /// - Throws: `.invalidArgument` when the argument is not understood.
  package init(_ dockerfile: Dockerfile, arguments: [String: String] = [:]) throws(HullError) {
    skipped = Set(dockerfile.directives.skippedChecks)
    experimental = Set(dockerfile.directives.experimentalChecks)
    isError = dockerfile.directives.checksAreErrors
    guard let text = arguments["BUILDKIT_DOCKERFILE_CHECK"] else { return }
    do throws(Complaint) {
      let options = try CheckOptions(text)
      skipped = Set(options.skipped)
      experimental = Set(options.experimental)
      isError = options.isError ?? false
    } catch {
      throw HullError(.invalidArgument, "failed to parse BUILDKIT_DOCKERFILE_CHECK: \(error.message)")
    }
  }

  /// With what comments directly above an instruction say: `# check=skip=A,B`.
  func merging(_ comments: [String]) -> CheckPolicy {
    for comment in comments {
      guard let (key, value) = DirectiveReader.split(comment), key == "check" else { continue }
      guard let options = try? CheckOptions(value) else { return self }
      var policy = self
      policy.skipped.formUnion(options.skipped)
      policy.experimental.formUnion(options.experimental)
      return policy
    }
    return self
  }

  func wants(_ rule: String) -> Bool {
    if rule == CheckRule.invalidDefinitionDescription.name { return experimental.contains("all") || experimental.contains(rule) }
    return !skipped.contains("all") && !skipped.contains(rule)
  }

  /// Whether a finding is to be told: neither the file nor the comments above the instruction skip it.
  package func wants(_ warning: BuildWarning, in dockerfile: Dockerfile) -> Bool {
    guard let line = warning.location?.startLine else { return wants(warning.rule) }
    return merging(dockerfile.comments(of: line)).wants(warning.rule)
  }

  /// The error that findings are when the file wants it so; `nil` otherwise.
  package func failure(for warnings: [BuildWarning]) -> HullError? {
    guard isError, !warnings.isEmpty else { return nil }
    return HullError(.invalidArgument, "lint violation found for rules: \(Set(warnings.map(\.rule)).sorted().joined(separator: ", "))")
  }
}

extension Dockerfile {
  /// Those above the instruction that has a line.
  fileprivate func comments(of line: Int) -> [String] {
    let stage = stages.last(before: line, by: \.location)
    let instruction = (stage?.instructions ?? metaArguments).last(before: line, by: \.location)
    if let instruction, instruction.location.endLine >= line { return instruction.comments }
    if let stage, stage.location.endLine >= line { return stage.comments }
    return []
  }
}

extension Array {
  /// The last of the elements, which are in the order of their lines, that begins at or before a line.
  fileprivate func last(before line: Int, by location: (Element) -> SourceRange) -> Element? {
    var range = startIndex..<endIndex
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      if location(self[middle]).startLine <= line { range = (middle + 1)..<range.upperBound } else { range = range.lowerBound..<middle }
    }
    return range.lowerBound > startIndex ? self[range.lowerBound - 1] : nil
  }
}
