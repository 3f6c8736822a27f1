// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors

/// The build checks that need what a stage has come to: variables, the ignore file.
struct PlanChecks {
  let state: StageState
  let expander: WordExpander
  /// The rules of the context's ignore file.
  let ignored: [String]

  /// What one instruction shows before it is planned. What cannot be expanded is told by the planner.
  func warnings(of instruction: Instruction) -> [BuildWarning] {
    undefined(in: instruction) + special(instruction)
  }

  private func special(_ instruction: Instruction) -> [BuildWarning] {
    switch instruction.command {
    case .copy(let copy): ignoredSources(copy, isAdd: false, instruction)
    case .add(let copy): ignoredSources(copy, isAdd: true, instruction)
    case .expose(let words):
      words.filter { $0.contains("$") }.flatMap { (try? expander.expandWords($0)) ?? [] }
        .flatMap { BuildWarning.exposedPort($0, at: instruction.location) }
    default: []
    }
  }

  private func undefined(in instruction: Instruction) -> [BuildWarning] {
    guard state.isKnown else { return [] }
    let missing = PlanChecks.words(of: instruction.command).reduce(into: Set<String>()) { missing, word in
      missing.formUnion((try? expander.expansion(of: word))?.missing ?? [])
    }
    guard !missing.isEmpty else { return [] }
    let variables = state.variables
    let known = variables.environment.map { String(BuildVariables.name(of: $0)) } + variables.arguments.map(\.name)
    return BuildWarning.undefinedVariables(missing, declared: Set(variables.arguments.map(\.name)), environment: known, at: instruction.location)
  }

  private static func words(of command: Command) -> [String] {
    switch command {
    case .argument(let list), .environment(let list), .label(let list): list.map(\.key) + list.compactMap(\.value)
    case .copy(let copy), .add(let copy): copy.sources + [copy.destination] + [copy.chown, copy.chmod, copy.checksum].compactMap { $0 }
    case .expose(let words), .volume(let words): words
    case .user(let text), .stopSignal(let text), .workdir(let text): [text]
    default: []
    }
  }

  private func ignoredSources(_ copy: CopyCommand, isAdd: Bool, _ instruction: Instruction) -> [BuildWarning] {
    guard (copy.from ?? "").isEmpty, let patterns = try? IgnorePatterns(ignored) else { return [] }
    return copy.sources.compactMap { try? expander.expand($0) }.filter { !isAdd || !RemoteAddress.isRemote($0) }
      .compactMap { BuildWarning.ignoredSource($0, isAdd: isAdd, patterns: patterns, at: instruction.location) }
  }
}
