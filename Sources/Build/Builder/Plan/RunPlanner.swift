// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

/// `RUN`.
struct RunPlanner {
  let instruction: Instruction
  let stage: Int

  func plan(_ run: RunCommand, in state: inout StageState, of planner: inout Planner) async throws {
    var inputs = [state.step]
    var step = RunStep(
      arguments: [], environment: state.variables.argumentEnvironment + (state.config.environment ?? []),
      directory: state.directory, user: state.config.user ?? "", network: try network(run, planner), platform: state.platform.normalized,
      instruction: instruction.original, shown: "")
    step.hiddenEnvironment = hiddenEnvironment(planner, state)
    step.insecure = try isInsecure(run, planner)
    for mount in run.mounts { step.mounts.append(try await self.mount(mount, &inputs, state, &planner)) }
    command(run.line, of: state, into: &step)
    let vertex = planner.vertex(
      instruction.original, shown: title(run, state, planner), stageIndex: stage, place: .instruction, at: instruction.location, inputs: inputs)
    let line = createdBy(step, state)
    state.step = planner.step(.run(step), inputs, vertex, state)
    state.history.append(PlannedHistory(createdBy: line, step: state.step))
  }

  /// Nobody reads a secret in it.
  private func title(_ run: RunCommand, _ state: StageState, _ planner: Planner) -> String {
    let secrets = Set(run.mounts.compactMap { $0.kind == .secret ? $0.environment : nil })
    let expander = WordExpander(escape: planner.dockerfile.directives.escape) { secrets.contains($0) ? "****" : state.variables.value($0) }
    let script = run.line.heredocs.count == 1 ? run.line.heredocs.first : nil
    let remark = script.map { " (\(RunPlanner.summary($0.content)))" } ?? ""
    return planner.title(of: instruction, expander, modes: [.keepsQuotes, .keepsUnset], remark: remark)
  }

  /// The first line of a script.
  private static func summary(_ script: String) -> String {
    let lines = script.split(separator: "\n", omittingEmptySubsequences: false).drop { $0.allSatisfy(\.isWhitespace) }
    let more = lines.dropFirst().contains { !$0.allSatisfy(\.isWhitespace) }
    return (lines.first.map { String($0).trimming(\.isWhitespace) } ?? "") + (more ? "..." : "")
  }

  // MARK: The command

  private func command(_ line: CommandLine, of state: StageState, into step: inout RunStep) {
    guard line.isShell else {
      step.arguments = line.words
      step.shown = line.words.joined(separator: " ")
      return
    }
    var text = line.words.joined(separator: " ")
    if let script = line.heredocs.first, line.heredocs.count == 1, isAlone(script, in: text) {
      if script.content.hasPrefix("#!") {
        step.script = Array(script.content.utf8)
        step.arguments = [RunStep.scriptPath]
        step.shown = script.content
        return
      }
      text = script.content
    } else {
      // The shell reads the documents itself.
      for document in line.heredocs { text += "\n" + document.content + document.name }
    }
    step.arguments = state.shell + [text]
    step.shown = step.arguments.joined(separator: " ")
  }

  /// Whether the line is nothing but the document.
  private func isAlone(_ document: Heredoc, in text: String) -> Bool {
    var rest = text.filter { !$0.isWhitespace }
    guard rest.hasPrefix("<<") else { return false }
    rest = String(rest.dropFirst(rest.hasPrefix("<<-") ? 3 : 2))
    return [document.name, "\"\(document.name)\"", "'\(document.name)'"].contains(rest)
  }

  /// As BuildKit writes it, which tools know how to read.
  private func createdBy(_ step: RunStep, _ state: StageState) -> String {
    let arguments = state.variables.shownArguments
    let prefix = arguments.isEmpty ? "" : "|\(arguments.count) \(arguments.joined(separator: " ")) "
    return "RUN \(prefix)\(step.shown) # buildkit"
  }

  // MARK: Surroundings

  /// Proxies that were given without being declared: commands see them, nobody else does.
  private func hiddenEnvironment(_ planner: Planner, _ state: StageState) -> [String] {
    let declared = Set(state.variables.arguments.map(\.name))
    var values: [String: String] = [:]
    for (name, value) in planner.request.arguments where PredefinedArguments.proxies.contains(name) {
      // Some programs read the one, some the other.
      for form in [name.lowercased(), name.uppercased()] { values[form] = planner.request.arguments[form] ?? value }
    }
    return values.filter { !declared.contains($0.key) }.map { "\($0.key)=\($0.value)" }.sorted()
  }

  private func network(_ run: RunCommand, _ planner: Planner) throws(HullError) -> String {
    guard let wanted = run.network, wanted != "default" else {
      let network = planner.request.network
      if planner.request.usesForeignNetwork { try planner.demand(.hostNetwork) }
      return network.isEmpty ? "default" : network
    }
    guard wanted == "none" || wanted == "host" else {
      throw HullError(.invalidArgument, "unknown network mode \(quoted(wanted)): use default, none or host")
    }
    if wanted == "host" { try planner.demand(.hostNetwork) }
    return wanted
  }

  private func isInsecure(_ run: RunCommand, _ planner: Planner) throws(HullError) -> Bool {
    guard run.security == "insecure" else { return false }
    try planner.demand(.insecure)
    return true
  }

  private func mount(
    _ mount: RunMount, _ inputs: inout [Step], _ state: StageState, _ planner: inout Planner
  ) async throws -> RunStep.Mount {
    let expanded = try mount.expanded(by: planner.expander(state))
    var target = expanded.target ?? ""
    if target.isEmpty {
      switch expanded.kind {
      case .secret: target = expanded.environment == nil ? "/run/secrets/" + RunPlanner.secretName(expanded) : ""
      case .ssh: target = "/run/buildkit/ssh_agent.\(inputs.count)"
      default: throw HullError(.invalidArgument, "\(expanded.kind.rawValue) mount requires a target: add target=…")
      }
    }
    if !target.isEmpty { target = "/" + TreePaths.clean(target.hasPrefix("/") ? target : state.directory + "/" + target) }
    var result = RunStep.Mount(mount: expanded, target: target)
    switch expanded.kind {
    case .bind:
      let from = expanded.from ?? ""
      inputs.append(from.isEmpty ? try planner.mainContext() : try await planner.source(from, in: state))
      result.input = inputs.count - 1
    case .cache:
      if let from = expanded.from, !from.isEmpty {
        inputs.append(try await planner.source(from, in: state))
        result.input = inputs.count - 1
      }
    default: break
    }
    return result
  }

  /// By which ID a secret goes that was given none.
  static func secretName(_ mount: RunMount) -> String {
    if let id = mount.id, !id.isEmpty { return id }
    if let target = mount.target, !target.isEmpty { return TreePaths.split(TreePaths.clean(target)).name }
    return mount.environment ?? ""
  }
}

extension RunStep {
  /// Where a here-document with a `#!` line lies while it runs.
  static let scriptPath = "/dev/pipes/EOF"
}
