// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import ImageStore
import OCISpec

/// Instructions that only change what the image says of itself.
struct ConfigPlanner {
  let planner: Planner

  /// - Returns: what the history says; `nil`: nothing.
  func apply(_ instruction: Instruction, to state: inout StageState) throws(HullError) -> String? {
    let expander = planner.expander(state)
    switch instruction.command {
    case .argument(let list): return try arguments(list, &state, expander)
    case .environment(let list): return try environment(list, &state, expander)
    case .label(let list):
      let labels = try list.map { (pair) throws(HullError) in (try expander.expand(pair.key), try expander.expand(pair.value ?? "")) }
      state.config.labels = (state.config.labels ?? [:]).merging(labels) { $1 }
      return "LABEL " + labels.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
    case .cmd(let line):
      state.config.command = command(line, state)
      state.commandSet = true
      return "CMD \(shown(state.config.command ?? []))"
    case .entrypoint(let line):
      state.config.entrypoint = command(line, state)
      if !state.commandSet { state.config.command = nil }
      return "ENTRYPOINT \(shown(state.config.entrypoint ?? []))"
    case .shell(let words):
      state.config.shell = words
      return "SHELL \(shown(words))"
    case .expose(let words): return try expose(words, &state, expander)
    case .user(let text):
      state.config.user = try expander.expand(text)
      return "USER \(state.config.user ?? "")"
    case .volume(let paths):
      let volumes = try paths.map { (path) throws(HullError) in try expander.expand(path) }
      guard !volumes.contains("") else { throw HullError(.invalidArgument, "VOLUME specified can not be an empty string") }
      state.config.volumes = (state.config.volumes ?? []).union(volumes)
      return "VOLUME \(goList(volumes))"
    case .stopSignal(let text):
      state.config.stopSignal = try expander.expand(text)
      return "STOPSIGNAL \(state.config.stopSignal ?? "")"
    case .healthcheck(let check): return healthcheck(check, &state)
    case .onbuild(let trigger):
      state.config.onBuild = (state.config.onBuild ?? []) + [trigger]
      return "ONBUILD \(trigger)"
    case .maintainer(let name):
      state.author = name
      return "MAINTAINER \(name)"
    case .run, .copy, .add, .workdir: return nil
    }
  }

  private func arguments(_ list: [Assignment], _ state: inout StageState, _ expander: WordExpander) throws(HullError) -> String? {
    var shown: [String] = []
    for argument in list {
      var value = planner.request.arguments[argument.key]
      // A default that is not needed may be one that cannot be expanded.
      if value == nil {
        value = try argument.value.map { (text) throws(HullError) in try expander.expand(text) } ?? planner.globals[argument.key]
      }
      state.variables.declare(argument.key, value)
      shown.append(value.map { "\(argument.key)=\($0)" } ?? argument.key)
    }
    return "ARG " + shown.joined(separator: " ")
  }

  private func environment(_ list: [Assignment], _ state: inout StageState, _ expander: WordExpander) throws(HullError) -> String? {
    // All values of one instruction are expanded with what was before it.
    let pairs = try list.map { (pair) throws(HullError) in (try expander.expand(pair.key), try expander.expand(pair.value ?? "")) }
    for (name, value) in pairs { state.variables.set(name, value) }
    state.config.environment = state.variables.environment
    return "ENV " + pairs.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
  }

  /// `nil` for `[]`: no command.
  private func command(_ line: CommandLine, _ state: StageState) -> [String]? {
    line.isShell ? state.shell + [line.words.joined(separator: " ")] : line.words.isEmpty ? nil : line.words
  }

  private func expose(_ words: [String], _ state: inout StageState, _ expander: WordExpander) throws(HullError) -> String? {
    var ports: Set<String> = []
    for word in words {
      for port in try expander.expandWords(word) { ports.formUnion(try PortRange.ports(port)) }
    }
    state.config.exposedPorts = (state.config.exposedPorts ?? []).union(ports)
    return "EXPOSE \(goList(ports.sorted()))"
  }

  private func healthcheck(_ check: HealthcheckCommand, _ state: inout StageState) -> String? {
    var result = ProcessConfig.Healthcheck()
    if check.isNone {
      result.test = ["NONE"]
    } else if let line = check.line {
      result.test = (line.isShell ? ["CMD-SHELL"] : ["CMD"]) + line.words
      (result.interval, result.timeout, result.retries) = (check.interval, check.timeout, check.retries)
      (result.startPeriod, result.startInterval) = (check.startPeriod, check.startInterval)
    }
    state.config.healthcheck = result
    return "HEALTHCHECK \(shown(result.test ?? []))"
  }

  private func shown(_ words: [String]) -> String { JSONText.list(words) }

  private func goList(_ words: [String]) -> String { "[\(words.joined(separator: " "))]" }
}
