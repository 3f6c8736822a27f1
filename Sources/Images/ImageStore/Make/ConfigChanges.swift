// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// The Dockerfile instructions that `docker import --change` and `docker commit --change` take.
enum ConfigChanges {
  static func apply(_ changes: [String], to config: ProcessConfig) throws(HullError) -> ProcessConfig {
    var config = config
    var commandSet = false
    for change in changes {
      for line in change.split(separator: "\n") where !line.allSatisfy(\.isWhitespace) {
        try apply(String(line), to: &config, commandSet: &commandSet)
      }
    }
    return config
  }

  private static func apply(_ line: String, to config: inout ProcessConfig, commandSet: inout Bool) throws(HullError) {
    let trimmed = ChangeText.trim(line)
    let parts = trimmed.split(maxSplits: 1, omittingEmptySubsequences: true, whereSeparator: \.isWhitespace).map(String.init)
    let name = parts[0].lowercased()
    let rest = parts.count == 2 ? ChangeText.trim(parts[1]) : ""
    let variables = config.environment ?? []
    func words() throws(HullError) -> [String] { try ChangeText.words(rest, variables) }
    func word() throws(HullError) -> String {
      guard let first = try words().first else { throw HullError(.invalidArgument, "\(name.uppercased()) requires exactly one argument") }
      return first
    }
    guard names.contains(name) else { throw HullError(.invalidArgument, "\(name) is not a valid change command") }
    guard !rest.isEmpty else { throw HullError(.invalidArgument, "\(name.uppercased()) requires at least one argument") }
    switch name {
    case "cmd":
      config.command = try ChangeText.command(rest)
      commandSet = true
    case "entrypoint":
      config.entrypoint = try ChangeText.command(rest)
      if !commandSet { config.command = nil }
    case "env": config.environment = try environment(rest, over: variables)
    case "label": config.labels = (config.labels ?? [:]).merging(try ChangeText.pairs(rest, variables, "LABEL")) { $1 }
    case "expose":
      for port in try words() { config.exposedPorts = (config.exposedPorts ?? []).union(try PortRange.ports(port)) }
    case "user": config.user = try word()
    case "workdir": config.workingDirectory = directory(try word(), from: config.workingDirectory ?? "/")
    case "volume":
      let list = try ChangeText.list(rest)
      let volumes = if let list { list } else { try words() }
      guard !volumes.contains("") else { throw HullError(.invalidArgument, "VOLUME specified can not be an empty string") }
      config.volumes = (config.volumes ?? []).union(volumes)
    case "stopsignal": config.stopSignal = try word()
    case "healthcheck": config.healthcheck = try HealthcheckChange.parse(rest)
    default: config.onBuild = (config.onBuild ?? []) + [try onBuild(rest)]
    }
  }

  private static let names: Set<String> = [
    "cmd", "entrypoint", "env", "label", "expose", "user", "workdir", "volume", "stopsignal", "healthcheck", "onbuild",
  ]

  private static func environment(_ text: String, over old: [String]) throws(HullError) -> [String] {
    var result = old
    for (name, value) in try ChangeText.pairs(text, old, "ENV") {
      let entry = "\(name)=\(value)"
      if let index = result.firstIndex(where: { $0.hasPrefix("\(name)=") }) { result[index] = entry } else { result.append(entry) }
    }
    return result
  }

  private static func directory(_ path: String, from current: String) -> String {
    var components: [Substring] = []
    for component in ((path.hasPrefix("/") ? "" : current + "/") + path).split(separator: "/") where component != "." {
      if component == ".." { _ = components.popLast() } else { components.append(component) }
    }
    return "/" + components.joined(separator: "/")
  }

  private static func onBuild(_ text: String) throws(HullError) -> String {
    let trigger = text.prefix { !$0.isWhitespace }.uppercased()
    switch trigger {
    case "ONBUILD": throw HullError(.invalidArgument, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    case "MAINTAINER", "FROM": throw HullError(.invalidArgument, "\(trigger) isn't allowed as an ONBUILD trigger")
    default: return text
    }
  }
}

/// Ports of a transport protocol: `80`, `80/udp`, `8000-8010/tcp`.
package enum PortRange {
  /// - Parameter text: `80`, `80/udp`, `80-90`; an address and a port of a host before it mean nothing here.
  /// - Returns: each port with its protocol (`80/tcp`).
  package static func ports(_ text: String) throws(HullError) -> [String] {
    let text = text.split(separator: ":", omittingEmptySubsequences: false).last.map(String.init) ?? text
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let proto = parts.count == 2 ? parts[1].lowercased() : "tcp"
    let ends = parts[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { UInt16($0) }
    guard ["tcp", "udp", "sctp"].contains(proto), let first = ends[0], let last = ends.count == 2 ? ends[1] : first, first <= last else {
      throw HullError(.invalidArgument, "invalid containerPort: \(text)")
    }
    return (first...last).map { "\($0)/\(proto)" }
  }
}
