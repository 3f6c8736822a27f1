// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors

/// What a target takes from who builds it: arguments, secrets and SSH agents, those of the stages that it needs among them.
package struct BuildOutline: Sendable {
  package struct Argument: Sendable {
    package let name: String
    package let description: String
    package let value: String?
    package let location: SourceRange
  }

  package struct Mount: Sendable {
    package let name: String
    package let isRequired: Bool
    package let location: SourceRange
  }

  package let name: String
  package let description: String
  /// In the order of the file, as secrets and agents are.
  package var arguments: [Argument] { found.arguments.values.sorted { $0.location.startLine < $1.location.startLine } }
  package var secrets: [Mount] { found.secrets.values.sorted { $0.location.startLine < $1.location.startLine } }
  package var agents: [Mount] { found.agents.values.sorted { $0.location.startLine < $1.location.startLine } }

  private var found: OutlineReader

  /// - Parameters:
  ///   - given: of `--build-arg`.
  ///   - target: the stage's name or number; `nil`: the last.
  /// - Throws: `invalidArgument` for a target that is not there, and for stages that need each other.
  package init(_ dockerfile: Dockerfile, given: [String: String], target: String?) throws(HullError) {
    let stage = try dockerfile.stage(target)
    name = stage.name ?? ""
    description = stage.comments.description(of: name)
    found = OutlineReader(dockerfile, given: given)
    let bases = try dockerfile.stages.map { (stage) throws(HullError) in try found.globals.expand(stage.base) }
    // The target's own come last: they take the place of others of the same name.
    for index in try StageDependencies(dockerfile, bases: bases).needed(for: stage.index).sorted() {
      found.read(dockerfile.stages[index], base: bases[index])
    }
  }
}

/// Gathers what stages take, one after the other.
private struct OutlineReader: Sendable {
  private(set) var arguments: [String: BuildOutline.Argument] = [:]
  private(set) var secrets: [String: BuildOutline.Mount] = [:]
  private(set) var agents: [String: BuildOutline.Mount] = [:]
  private let given: [String: String]
  private let escape: Character
  private let values: [String: String]
  /// Global arguments, and what the default of each is made from.
  private var declared: [String: (argument: BuildOutline.Argument, uses: Set<String>)] = [:]
  /// What is set at the end of a stage, by its name.
  private var scopes: [String: [String: String]] = [:]

  init(_ dockerfile: Dockerfile, given: [String: String]) {
    (self.given, escape, values) = (given, dockerfile.directives.escape, dockerfile.globalValues(given))
    for instruction in dockerfile.metaArguments {
      guard case .argument(let list) = instruction.command else { continue }
      for assignment in list {
        let uses = given[assignment.key] == nil ? assignment.value.flatMap { try? globals.expansion(of: $0).used } ?? [] : []
        declared[assignment.key] = (argument(assignment, values[assignment.key], instruction), uses)
      }
    }
  }

  var globals: WordExpander { expander(values) }

  mutating func read(_ stage: Stage, base: String) {
    for word in [stage.base, stage.platform ?? ""] { use(((try? globals.expansion(of: word)).map { $0.used.union($0.missing) }) ?? []) }
    var scope = scopes[base.lowercased()] ?? [:]
    for instruction in stage.instructions { read(instruction, &scope) }
    scopes[stage.name ?? "#\(stage.index)"] = scope
  }

  private mutating func read(_ instruction: Instruction, _ scope: inout [String: String]) {
    switch instruction.command {
    case .argument(let list): for assignment in list { read(assignment, of: instruction, &scope) }
    case .environment(let list):
      let before = expander(scope)
      for pair in list { scope[pair.key] = try? before.expand(pair.value ?? "") }
    case .run(let run): for mount in run.mounts { read((try? mount.expanded(by: expander(scope))) ?? mount, at: instruction.location) }
    default: break
    }
  }

  private mutating func read(_ assignment: Assignment, of instruction: Instruction, _ scope: inout [String: String]) {
    let name = assignment.key
    if given[name] == nil, assignment.value == nil, declared[name] != nil {
      use([name])
      scope[name] = values[name]
      return
    }
    let value = given[name] ?? assignment.value.flatMap { try? expander(scope).expand($0) }
    scope[name] = value
    arguments[name] = argument(assignment, value, instruction)
  }

  private mutating func read(_ mount: RunMount, at location: SourceRange) {
    switch mount.kind {
    case .secret:
      let name = RunPlanner.secretName(mount)
      secrets[name] = BuildOutline.Mount(name: name, isRequired: mount.required, location: location)
    case .ssh:
      let name = mount.id.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
      agents[name] = BuildOutline.Mount(name: name, isRequired: mount.required, location: location)
    case .bind, .cache, .tmpfs: break
    }
  }

  /// Notes that global arguments are used, with all that they are made from.
  private mutating func use(_ names: Set<String>) {
    for name in names where arguments[name] == nil {
      guard let (argument, uses) = declared[name] else { continue }
      arguments[name] = argument
      use(uses)
    }
  }

  private func expander(_ values: [String: String]) -> WordExpander { WordExpander(escape: escape) { values[$0] } }

  private func argument(_ assignment: Assignment, _ value: String?, _ instruction: Instruction) -> BuildOutline.Argument {
    BuildOutline.Argument(
      name: assignment.key, description: instruction.comments.description(of: assignment.key), value: value, location: instruction.location)
  }
}

extension [String] {
  /// Of comments, what one says of a name that it begins with; empty: none does.
  package func description(of name: String) -> String {
    guard !name.isEmpty, let comment = first(where: { $0.hasPrefix(name + " ") }) else { return "" }
    return String(comment.dropFirst(name.count + 1))
  }
}
