// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec

/// What each instruction does to its stage.
enum InstructionPlanner {
  static func plan(_ instruction: Instruction, in state: inout StageState, of planner: inout Planner, stage: Int) async throws {
    planner.warnings += PlanChecks(state: state, expander: planner.expander(state), ignored: planner.ignored).warnings(of: instruction)
    switch instruction.command {
    case .run(let run): try await RunPlanner(instruction: instruction, stage: stage).plan(run, in: &state, of: &planner)
    case .copy(let copy): try await CopyPlanner(instruction: instruction, stage: stage, isAdd: false).plan(copy, in: &state, of: &planner)
    case .add(let copy): try await CopyPlanner(instruction: instruction, stage: stage, isAdd: true).plan(copy, in: &state, of: &planner)
    case .workdir(let path): try directory(path, instruction, in: &state, of: &planner, stage: stage)
    default:
      _ = planner.vertex(instruction.original, stageIndex: stage, place: .metadata, at: instruction.location, inputs: [state.step])
      let created = try ConfigPlanner(planner: planner).apply(instruction, to: &state)
      if let line = created { state.history.append(PlannedHistory(createdBy: line, step: nil)) }
    }
  }

  private static func directory(
    _ path: String, _ instruction: Instruction, in state: inout StageState, of planner: inout Planner, stage: Int
  ) throws(HullError) {
    let text = try planner.expander(state).expand(path)
    guard !text.isEmpty else { throw HullError(.invalidArgument, "WORKDIR requires exactly one argument") }
    let clean = "/" + TreePaths.clean(text.hasPrefix("/") ? text : state.directory + "/" + text)
    state.config.workingDirectory = clean
    let vertex = planner.vertex(
      instruction.original, shown: planner.title(of: instruction, planner.expander(state)), stageIndex: stage,
      place: clean == "/" && planner.request.tellsConfiguration ? .metadata : .instruction, at: instruction.location, inputs: [state.step])
    if clean != "/" {
      state.step = planner.step(.directory(DirectoryStep(path: clean, owner: state.config.user ?? "")), [state.step], vertex, state)
      state.history.append(PlannedHistory(createdBy: "WORKDIR \(clean)", step: state.step))
    } else {
      state.history.append(PlannedHistory(createdBy: "WORKDIR \(clean)", step: nil))
    }
  }
}

extension Planner {
  /// An instruction as progress shows it: with what variables stand for, its keyword in upper case.
  /// - Parameters:
  ///   - remark: something to be said behind it.
  ///   - modes: what stays as it is.
  func title(of instruction: Instruction, _ expander: WordExpander, modes: WordExpander.Modes = [], remark: String = "") -> String {
    let text = (try? expander.expand(instruction.original + remark, modes: modes)) ?? instruction.original + remark
    let keyword = text.prefix { !$0.isWhitespace }
    return keyword.uppercased() + text.dropFirst(keyword.count)
  }

  func expander(_ state: StageState) -> WordExpander {
    let variables = state.variables
    return WordExpander(escape: dockerfile.directives.escape) { variables.value($0) }
  }

  /// The step of the vertex that was made last.
  mutating func step(_ operation: Operation, _ inputs: [Step], _ vertex: BuildVertex, _ state: StageState) -> Step {
    let ignores = request.noCache || ignoresCache || request.noCacheStages.contains(state.name.lowercased())
    return settled(Step(operation, inputs: inputs, vertex: vertex, stage: state.name, ignoresCache: ignores), state.platform)
  }
}
