// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import ImageStore
import Networking

/// Which containers a list shows (`docker ps --filter`).
struct ListQuery {
  private static let accepted: Set<String> = [
    "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name", "network", "publish", "since", "status",
    "volume",
  ]

  private let options: ListOptions
  private let exited: Set<Int32>
  private let names: [NamePattern]
  private let linkNames: [String: [String]]
  private let published: [PortFilter]
  private let exposed: [PortFilter]
  private let ancestors: Set<String>?
  private let before: ContainerView?
  private let since: ContainerView?

  /// `ancestors`: the IDs of the images that `ancestor` names; `nil` when it is not asked for.
  init(_ options: ListOptions, registry: ContainerRegistry, ancestors: Set<String>?) throws(HullError) {
    self.options = options
    self.ancestors = ancestors
    try options.filters.validate(accepted: ListQuery.accepted)
    var codes: Set<Int32> = []
    for text in options.filters["exited"] {
      guard let code = Int32(text) else { throw HullError(.invalidArgument, "invalid filter 'exited=\(text)'") }
      codes.insert(code)
    }
    exited = codes
    for status in options.filters["status"] where !ListQuery.statuses.contains(status) {
      throw HullError(.invalidArgument, "invalid filter 'status=\(status)'")
    }
    for health in options.filters["health"] where !["none", "starting", "healthy", "unhealthy"].contains(health) {
      throw HullError(.invalidArgument, "invalid filter 'health=\(health)'")
    }
    if options.filters.contains("is-task") { _ = try options.filters.bool("is-task", default: false) }
    names = options.filters["name"].map { NamePattern($0) }
    linkNames = names.isEmpty ? [:] : registry.linkNames()
    published = try options.filters["publish"].map { text throws(HullError) in try PortFilter("publish", text) }
    exposed = try options.filters["expose"].map { text throws(HullError) in try PortFilter("expose", text) }
    before = try options.filters["before"].last.map { name throws(HullError) in try registry.find(name).view }
    since = try options.filters["since"].last.map { name throws(HullError) in try registry.find(name).view }
  }

  private static let statuses: Set<String> = ["created", "restarting", "running", "removing", "paused", "exited", "dead"]

  /// Those that match among containers that are ordered newest first.
  func select(_ containers: [Container]) -> [(container: Container, view: ContainerView)] {
    var selected: [(Container, ContainerView)] = []
    for container in containers {
      let view = container.view
      if matches(view) { selected.append((container, view)) }
      if let limit = options.limit, limit > 0, selected.count == limit { break }
    }
    return selected
  }

  private func matches(_ view: ContainerView) -> Bool {
    let filters = options.filters
    let asksForState = filters.contains("status") || filters.contains("exited") || filters.contains("before") || filters.contains("since")
    guard options.all || view.isRunning || asksForState || (options.limit ?? 0) > 0 else { return false }
    return any("id") { view.record.id.hasPrefix($0) } && matchesName(view)
      && any("status") { view.status.rawValue == $0 } && any("health") { (view.health?.status ?? "none") == $0 }
      && (exited.isEmpty || exited.contains(view.state.exitCode) && !view.isRunning && view.state.startedAt != 0)
      && filters.matchLabels(view.config.labels ?? [:]) && (ancestors.map { $0.contains(view.record.definition.imageID) } ?? true)
      && any("volume") { wanted in view.record.definition.mounts.contains { $0.name == wanted || $0.source == wanted || $0.destination == wanted } }
      && any("network") { wanted in view.record.definition.networks.contains { $0.key == wanted || $0.value.networkID.hasPrefix(wanted) } }
      && matchesPort(view)
      && (before.map { view.record.created < $0.record.created } ?? true) && (since.map { view.record.created > $0.record.created } ?? true)
      && any("is-task") { $0 == "false" || $0 == "0" }
  }

  private func matchesName(_ view: ContainerView) -> Bool {
    names.isEmpty || ([view.record.name] + (linkNames[view.record.id] ?? [])).contains { name in names.contains { $0.matches(name) } }
  }

  /// As in Docker one of either kind is enough: a port of the host that leads to the container, or one that the container has.
  private func matchesPort(_ view: ContainerView) -> Bool {
    if published.isEmpty && exposed.isEmpty { return true }
    let live = view.isRunning ? view.state.connection?.ports ?? [] : []
    let inside = Set(view.config.exposedPorts.keys).union(live.map(\.key)).compactMap { try? PortKey($0) }
    return exposed.contains { filter in inside.contains { filter.matches($0.port, $0.transport) } }
      || live.contains { port in (try? PortKey(port.key)).map { key in published.contains { $0.matches(port.hostPort, key.transport) } } ?? false }
  }

  private func any(_ key: String, _ test: (String) -> Bool) -> Bool {
    let values = options.filters[key]
    return values.isEmpty || values.contains(where: test)
  }
}

/// A port filter: `80`, `80/udp`, `8000-8010/tcp`.
struct PortFilter {
  private let ports: ClosedRange<UInt16>
  private let transport: Transport

  init(_ key: String, _ text: String) throws(HullError) {
    guard !text.contains(":") else { throw HullError(.invalidArgument, "filter for '\(key)' should not contain ':': \(text)") }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (1...2).contains(parts.count), let ports = try? PortKey.range(parts[0]),
      let transport = Transport(rawValue: parts.count == 2 ? parts[1].lowercased() : "tcp")
    else { throw HullError(.invalidArgument, "error while looking up for \(key) \(text): invalid port: use PORT, PORT-PORT or PORT/PROTOCOL") }
    (self.ports, self.transport) = (ports, transport)
  }

  func matches(_ port: UInt16, _ transport: Transport) -> Bool { ports.contains(port) && transport == self.transport }
}

/// A name filter: a regular expression, found anywhere in the name; what is not one is a plain text.
struct NamePattern {
  private let text: String
  private let expression: Regex<AnyRegexOutput>?

  init(_ text: String) {
    self.text = text
    expression = text.utf8.allSatisfy(NamePattern.isPlain) ? nil : try? Regex(text)
  }

  func matches(_ name: String) -> Bool {
    guard let expression else { return name.contains(text) || ("/" + name).contains(text) }
    return name.firstMatch(of: expression) != nil || ("/" + name).firstMatch(of: expression) != nil
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x5F || byte == 0x2F
  }
}
