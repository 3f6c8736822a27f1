// SPDX-License-Identifier: Apache-2.0
import Errors

/// The build checks (Docker's build checks reference) that need neither images nor the context.
package enum BuildChecks {
  /// All findings that the file wants told, those of the parser among them, in the order in which BuildKit has them.
  ///
  /// - Parameters:
  ///   - arguments: of `--build-arg`, and platform arguments where they differ from this machine's.
  ///   - stages: indices of the stages that are built; `nil`: all, as `--check` does.
  /// - Throws: `.invalidArgument` when `BUILDKIT_DOCKERFILE_CHECK` is not understood.
  package static func run(_ dockerfile: Dockerfile, arguments: [String: String] = [:], stages: Set<Int>? = nil) throws(HullError) -> [BuildWarning] {
    let policy = try CheckPolicy(dockerfile, arguments: arguments)
    let stageChecks = StageChecks(dockerfile, arguments: arguments)
    let found =
      dockerfile.warnings + SyntaxChecks.run(dockerfile) + NameChecks.run(dockerfile) + stageChecks.froms()
      + dockerfile.stages.filter { stages?.contains($0.index) ?? true }.flatMap { stageChecks.instructions(of: $0) }
    return found.filter { policy.wants($0, in: dockerfile) }
  }
}

/// An instruction's own words, from its text.
extension Statement {
  init(original: String, escape: Character) {
    let line = LogicalLine(text: original, range: SourceRange(startLine: 1, endLine: 1), comments: [])
    self.init(line, escape: escape.unicodeScalars.first ?? "\\")
  }
}

/// What single instructions show.
enum SyntaxChecks {
  static func run(_ dockerfile: Dockerfile) -> [BuildWarning] {
    let escape = dockerfile.directives.escape
    return dockerfile.metaArguments.flatMap(instruction)
      + dockerfile.stages.flatMap { from($0, escape: escape) + $0.instructions.flatMap(instruction) }
  }

  private static func from(_ stage: Stage, escape: Character) -> [BuildWarning] {
    guard let name = stage.name else { return [] }
    let statement = Statement(original: stage.original, escape: escape)
    let words = statement.words
    guard words.count == 3 else { return [] }
    var warnings: [BuildWarning] = []
    if words[2] != words[2].lowercased() {
      warnings.append(CheckRule.stageNameCasing.warning("Stage name '\(words[2])' should be lowercase", at: stage.location))
    }
    let keyword = statement.keyword
    let isLower = keyword == keyword.lowercased()
    if isLower || keyword == keyword.uppercased(), words[1] != (isLower ? words[1].lowercased() : words[1].uppercased()) {
      let message = "'\(words[1])' and '\(keyword)' keywords' casing do not match"
      warnings.append(CheckRule.fromAsCasing.warning(message, at: stage.location))
    }
    return warnings + description("FROM", [name], stage.comments, stage.location)
  }

  private static func instruction(_ instruction: Instruction) -> [BuildWarning] {
    switch instruction.command {
    case .maintainer:
      return [CheckRule.maintainerDeprecated.warning("Maintainer instruction is deprecated in favor of using label", at: instruction.location)]
    case .argument(let assignments): return description("ARG", assignments.map(\.key), instruction.comments, instruction.location)
    default: return []
    }
  }

  /// The last comment is the description of what is defined below it, and begins with its name.
  private static func description(_ keyword: String, _ names: [String], _ comments: [String], _ location: SourceRange) -> [BuildWarning] {
    guard let comment = comments.last, let first = names.first, !names.contains(comment.cut(at: " ").head) else { return [] }
    let example = names.count > 1 ? "<arg_key>" : first
    let message = "Comment for \(keyword) should follow the format: `# \(example) <description>`"
    return [CheckRule.invalidDefinitionDescription.warning(message, at: location)]
  }
}

/// Stages' names and the keywords' case.
enum NameChecks {
  static func run(_ dockerfile: Dockerfile) -> [BuildWarning] { stageNames(dockerfile.stages) + casing(dockerfile.stages) }

  private static func stageNames(_ stages: [Stage]) -> [BuildWarning] {
    var warnings: [BuildWarning] = []
    var seen: Set<String> = []
    for stage in stages {
      guard let name = stage.name else { continue }
      if name == "context" || name == "scratch" {
        let message = "Stage name should not use the same name as reserved stage \(name.quoted)"
        warnings.append(CheckRule.reservedStageName.warning(message, at: stage.location))
      }
      if !seen.insert(name).inserted {
        let message = "Duplicate stage name \(name.quoted), stage names should be unique"
        warnings.append(CheckRule.duplicateStageName.warning(message, at: stage.location))
      }
    }
    return warnings
  }

  /// All keywords in the case of most of them; upper case when there are as many of either.
  private static func casing(_ stages: [Stage]) -> [BuildWarning] {
    let keywords = stages.flatMap { [($0.keyword, $0.location)] + $0.instructions.map { ($0.keyword, $0.location) } }
    let lower = keywords.count { $0.0 == $0.0.lowercased() }
    let upper = keywords.count { $0.0 == $0.0.uppercased() }
    return keywords.compactMap { keyword, location in
      let isRight = keyword == (lower > upper ? keyword.lowercased() : keyword.uppercased())
      let wanted = lower > upper ? "lowercase" : "uppercase"
      let message = "Command '\(keyword)' should match the case of the command majority (\(wanted))"
      return isRight ? nil : CheckRule.consistentInstructionCasing.warning(message, at: location)
    }
  }
}

extension Stage {
  /// `FROM`, in its own case.
  var keyword: String { Words.first(original).head }
}

extension Instruction {
  /// In its own case.
  var keyword: String { Words.first(original).head }
}
