// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import OCISpec

extension ContainerConfig {
  /// Completes what the user said with what the image says, by Docker's rules.
  ///
  /// Throws `invalidArgument` when nothing says what to run.
  mutating func complete(with image: ProcessConfig) throws(HullError) {
    if user.isEmpty { user = image.user ?? "" }
    for port in image.exposedPorts ?? [] where exposedPorts[port] == nil { exposedPorts[port] = Empty() }
    env = Environment.completed(env ?? [], with: image.environment ?? [])
    labels = (image.labels ?? [:]).merging(labels ?? [:]) { _, own in own }
    if (entrypoint ?? []).isEmpty {
      if (cmd ?? []).isEmpty { cmd = image.command }
      if entrypoint == nil { entrypoint = image.entrypoint }
    }
    complete(healthcheckWith: image.healthcheck)
    if workingDir.isEmpty { workingDir = image.workingDirectory ?? "" }
    for path in image.volumes ?? [] where volumes?[path] == nil { volumes = (volumes ?? [:]).merging([path: Empty()]) { _, new in new } }
    if stopSignal.isEmpty { stopSignal = image.stopSignal ?? "" }
    if stopTimeout == nil { stopTimeout = image.stopTimeout }
    // `--entrypoint ""` takes the image's away.
    if entrypoint == [""] { entrypoint = nil }
    if (entrypoint ?? []).isEmpty && (cmd ?? []).isEmpty { throw HullError(.invalidArgument, "no command specified") }
  }

  private mutating func complete(healthcheckWith image: ProcessConfig.Healthcheck?) {
    guard let image else { return }
    var own = healthcheck ?? HealthConfig()
    if own.test.isEmpty { own.test = image.test ?? [] }
    if own.interval == 0 { own.interval = image.interval ?? 0 }
    if own.timeout == 0 { own.timeout = image.timeout ?? 0 }
    if own.startPeriod == 0 { own.startPeriod = image.startPeriod ?? 0 }
    if own.startInterval == 0 { own.startInterval = image.startInterval ?? 0 }
    if own.retries == 0 { own.retries = image.retries ?? 0 }
    healthcheck = own
  }

  /// Entrypoint and command together.
  var commandLine: [String] { (entrypoint ?? []) + (cmd ?? []) }
}

/// Lists of `NAME=value`.
enum Environment {
  /// The user's list and those of the image's that it does not name.
  static func completed(_ own: [String], with image: [String]) -> [String] {
    let names = Set(own.map(name))
    return own + image.filter { !names.contains(name($0)) }
  }

  /// `overrides` over `defaults`: replaced by name or appended; a name without value takes the default away.
  static func replaced(_ defaults: [String], by overrides: [String]) -> [String] {
    var result: [String?] = defaults
    let index = Dictionary(defaults.enumerated().map { (name($0.element), $0.offset) }) { _, last in last }
    for entry in overrides {
      guard entry.utf8.contains(UInt8(ascii: "=")) else {
        if let position = index[entry] { result[position] = nil }
        continue
      }
      if let position = index[name(entry)] { result[position] = entry } else { result.append(entry) }
    }
    return result.compactMap(\.self)
  }

  private static func name(_ entry: String) -> String { entry.firstIndex(of: "=").map { String(entry[..<$0]) } ?? entry }
}
