// SPDX-License-Identifier: Apache-2.0
import Errors

/// What the instructions of a stage show, with the arguments before the first `FROM` known.
struct StageChecks {
  private let dockerfile: Dockerfile
  private let arguments: GlobalArguments
  private let defaults: GlobalArguments
  /// What each stage leaves to those that are built on it.
  private let legacies: [Legacy]

  init(_ dockerfile: Dockerfile, arguments: [String: String]) {
    self.dockerfile = dockerfile
    self.arguments = GlobalArguments(dockerfile, overrides: arguments)
    defaults = GlobalArguments(dockerfile, overrides: [:])
    legacies = StageChecks.legacies(dockerfile.stages, self.arguments)
  }

  private static func legacies(_ stages: [Stage], _ arguments: GlobalArguments) -> [Legacy] {
    var named: [String: Int] = [:]
    var ends: [Legacy] = []
    var starts: [Legacy] = []
    for stage in stages {
      let base = (try? arguments.expander.expand(stage.base))?.lowercased()
      starts.append(base.flatMap { named[$0] }.map { ends[$0] } ?? Legacy())
      ends.append(stage.instructions.reduce(into: starts[stage.index]) { $0.add($1) })
      if let name = stage.name { named[name] = stage.index }
    }
    return starts
  }

  // MARK: FROM

  func froms() -> [BuildWarning] { dockerfile.stages.flatMap(defaultBase) + dockerfile.stages.flatMap(from) }

  private func defaultBase(_ stage: Stage) -> [BuildWarning] {
    guard let base = try? defaults.expander.expand(stage.base), !ImageName.isPossible(base) else { return [] }
    let message = "Default value for ARG \(stage.base) results in empty or invalid base image name"
    return [CheckRule.invalidDefaultArgInFrom.warning(message, at: stage.location)]
  }

  private func from(_ stage: Stage) -> [BuildWarning] {
    undefined(in: stage.base, stage) + (stage.platform.map { undefined(in: $0, stage) + platform($0, stage) } ?? [])
  }

  private func undefined(in word: String, _ stage: Stage) -> [BuildWarning] {
    guard let expansion = try? arguments.expander.expansion(of: word) else { return [] }
    return expansion.missing.subtracting(arguments.declared).sorted().map { name in
      let hint = Suggestion.hint(for: name, in: Array(arguments.declared))
      return CheckRule.undefinedArgInFrom.warning("FROM argument '\(name)' is not declared\(hint)", at: stage.location)
    }
  }

  private func platform(_ word: String, _ stage: Stage) -> [BuildWarning] {
    guard let expansion = try? arguments.expander.expansion(of: word), expansion.missing.isEmpty else { return [] }
    if expansion.used == ["TARGETPLATFORM"], expansion.text == arguments.values["TARGETPLATFORM"] {
      let message = "Setting platform to predefined \(word) in FROM is redundant as this is the default behavior"
      return [CheckRule.redundantTargetPlatform.warning(message, at: stage.location)]
    }
    guard expansion.used.isEmpty, let parts = PlatformName.parts(expansion.text) else { return [] }
    // A stage that has the platform in its name is for that platform.
    if let name = stage.name, name.contains(parts.os) || name.contains(parts.architecture) { return [] }
    let message = "FROM --platform flag should not use constant value \(expansion.text.quoted)"
    return [CheckRule.fromPlatformFlagConstDisallowed.warning(message, at: stage.location)]
  }

  // MARK: The others

  func instructions(of stage: Stage) -> [BuildWarning] {
    var state = StageState(legacy: legacies[stage.index])
    return stage.instructions.flatMap { state.check($0) }
  }
}

/// What earlier instructions mean for later ones, also for those of other stages.
private struct Legacy {
  var hasShell = false
  var hasWorkdir = false

  mutating func add(_ instruction: Instruction) {
    switch instruction.command {
    case .shell: hasShell = true
    case .workdir: hasWorkdir = true
    default: break
    }
  }
}

/// How far a stage has come.
private struct StageState {
  var legacy: Legacy
  /// Where instructions are that count once, by keyword.
  private var last: [String: SourceRange] = [:]

  init(legacy: Legacy) { self.legacy = legacy }

  mutating func check(_ instruction: Instruction) -> [BuildWarning] {
    let place = instruction.location
    defer { legacy.add(instruction) }
    switch instruction.command {
    case .workdir(let path): return legacy.hasWorkdir ? [] : workdir(path, place)
    case .cmd(let line), .entrypoint(let line): return once(instruction) + (line.isShell && !legacy.hasShell ? [json(instruction)] : [])
    case .healthcheck: return once(instruction)
    case .argument(let assignments): return assignments.flatMap { secret("ARG", $0.key, place) }
    case .environment(let assignments): return assignments.flatMap { oldForm($0, instruction) + secret("ENV", $0.key, place) }
    case .label(let assignments): return assignments.flatMap { oldForm($0, instruction) }
    case .expose(let ports): return ports.filter { !$0.contains(scalar: "$") }.flatMap { BuildWarning.exposedPort($0, at: place) }
    default: return []
    }
  }

  private func workdir(_ path: String, _ place: SourceRange) -> [BuildWarning] {
    // What a variable holds is not known here; mostly it is absolute.
    let start = path.unicodeScalars.first { $0 != "\"" && $0 != "'" }
    guard start != "/", start != "$" else { return [] }
    return [CheckRule.workdirRelativePath.warning("Relative workdir \(path.quoted) can have unexpected results if the base image changes", at: place)]
  }

  private func json(_ instruction: Instruction) -> BuildWarning {
    CheckRule.jsonArgsRecommended.warning(
      "JSON arguments recommended for \(instruction.keyword) to prevent unintended behavior related to OS signals", at: instruction.location)
  }

  /// The earlier of two is the one that has no effect.
  private mutating func once(_ instruction: Instruction) -> [BuildWarning] {
    let earlier = last.updateValue(instruction.location, forKey: instruction.keyword.uppercased())
    guard let earlier else { return [] }
    let message = "Multiple \(instruction.keyword) instructions should not be used in the same stage because only the last one will be used"
    return [CheckRule.multipleInstructionsDisallowed.warning(message, at: earlier)]
  }

  private func oldForm(_ assignment: Assignment, _ instruction: Instruction) -> [BuildWarning] {
    guard assignment.isLegacyForm else { return [] }
    let keyword = instruction.keyword
    let message = "\"\(keyword) key=value\" should be used instead of legacy \"\(keyword) key value\" format"
    return [CheckRule.legacyKeyValueFormat.warning(message, at: instruction.location)]
  }

  private static let secretWords: Set = ["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"]

  private func secret(_ keyword: String, _ key: String, _ place: SourceRange) -> [BuildWarning] {
    let words = key.lowercased().split(separator: "_").map(String.init)
    guard words.contains(where: StageState.secretWords.contains), !words.contains(where: ["public", "file", "version"].contains) else { return [] }
    let message = "Do not use ARG or ENV instructions for sensitive data (\(keyword) \(key.quoted))"
    return [CheckRule.secretsUsedInArgOrEnv.warning(message, at: place)]
  }
}
