// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import Threads

/// The links of one container on the default network (`docker run --link`): what it is told of the others. They run when it starts.
struct LegacyLinks {
  let services: Services
  let record: ContainerRecord

  private struct Child {
    let view: ContainerView
    let link: LinkRecord
    let endpoint: EndpointRecord
  }

  /// `ALIAS_PORT_80_TCP_ADDR` and so on, as `docker run --link` has them. Throws when one of the others does not run, or is not on the network.
  func environment() throws(HullError) -> [String] {
    guard record.definition.networks["bridge"] != nil else { return [] }
    return try children().flatMap { child in
      LinkEnvironment(
        alias: child.link.alias, name: fullName(child.link), address: child.endpoint.address(.v4) ?? child.endpoint.address(.v6),
        ports: child.view.config.exposedPorts.keys.compactMap { try? PortKey($0) }, environment: child.view.config.env ?? []
      ).variables
    }
  }

  /// Lines of hosts(5): alias, host name and name of each.
  func hosts() throws(HullError) -> [String] {
    try children().flatMap { child in
      let names = [child.link.alias, child.view.config.hostname, child.view.record.name].reduce(into: [String]()) {
        if !$1.isEmpty && !$0.contains($1) { $0.append($1) }
      }
      return child.endpoint.addresses.map { "\($0.address)\t\(names.joined(separator: " "))\n" }
    }
  }

  /// As inspect shows them: `/CHILD:/PARENT/ALIAS`.
  var shown: [String]? {
    record.definition.links.map { $0.map { "/\(services.registry.container(id: $0.id)?.view.record.name ?? $0.name):\(fullName($0))" } }
  }

  private func fullName(_ link: LinkRecord) -> String { "/\(record.name)/\(link.alias)" }

  private func children() throws(HullError) -> [Child] {
    var children: [Child] = []
    for link in record.definition.links ?? [] {
      guard let view = services.registry.container(id: link.id)?.view, view.isRunning else {
        throw HullError(.conflict, "Cannot link to a non running container: /\(link.name) AS \(fullName(link))")
      }
      guard let endpoint = view.state.connection?.endpoints.first(where: { $0.network == "bridge" }) else {
        throw HullError(.conflict, "Cannot link to /\(view.record.name), as it does not belong to the default network")
      }
      children.append(Child(view: view, link: link, endpoint: endpoint))
    }
    return children
  }
}

/// The lines of a running container's hosts(5) that stand for its links. What else is in the file is the workload's own. Blocking.
struct LinkedHosts {
  let path: String

  /// The linked container has started again: its alias stands for other addresses now.
  func set(_ alias: String, _ endpoint: EndpointRecord) throws(HullError) {
    let addresses = endpoint.addresses.map(\.address)
    try change { (address, names) in
      guard names.contains(alias), let new = addresses.first(where: { $0.description.contains(":") == address.contains(":") }) else { return address }
      return new.description
    }
  }

  func remove(_ alias: String) throws(HullError) { try change { address, names in names.first == alias ? nil : address } }

  /// `body` gives the address that a line is to have, `nil`: the line goes.
  private func change(_ body: (_ address: String, _ names: [String]) -> String?) throws(HullError) {
    guard let text = HostFiles.text(path) else { return }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line -> String? in
      let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
      guard words.count > 1, !words[0].hasPrefix("#") else { return String(line) }
      guard let address = body(words[0], Array(words.dropFirst())) else { return nil }
      return address == words[0] ? String(line) : "\(address)\t\(words.dropFirst().joined(separator: " "))"
    }
    let new = lines.joined(separator: "\n")
    if new != text { try HostFiles.write(new, to: path) }
  }
}

extension Container {
  /// Those that are linked to this one, which has just started, learn its addresses.
  func tellLinked() async {
    guard let endpoint = state.connection?.endpoints.first(where: { $0.network == "bridge" }) else { return }
    for (view, alias) in services.registry.linked(to: id) where view.isRunning {
      let hosts = LinkedHosts(path: services.paths.container(view.record.id).hosts)
      do { try await Blocking.run { try hosts.set(alias, endpoint) } } catch {
        services.log.error("container \(view.record.id): cannot write the address of \(alias): \(error)")
      }
    }
  }

  /// `docker rm --link`: this container no longer knows another one by `alias`.
  func unlink(_ alias: String) async throws {
    try await lock.withLock {
      var definition = record.definition
      definition.links?.removeAll { $0.alias == alias }
      if definition.links?.isEmpty ?? false { definition.links = nil }
      guard definition != record.definition else { return }
      try await services.store.save(definition, of: id)
      record.definition = definition
      let hosts = LinkedHosts(path: paths.hosts)
      if state.status.isRunning { try await Blocking.run { try hosts.remove(alias) } }
    }
  }

  /// After a boot everything starts at once; what this container is linked to goes first. Looked at now and then for five seconds at most: what
  /// keeps failing to start must not keep this one from it.
  func waitForLinked() async {
    for _ in 0..<100 {
      let children = (record.definition.links ?? []).compactMap { services.registry.container(id: $0.id) }
      guard children.contains(where: { $0.view.state.status == .restarting }) else { return }
      try? await Task.sleep(nanoseconds: 50_000_000)
    }
  }
}

extension Engine {
  /// `DELETE /containers/PARENT/ALIAS?link=1`.
  func removeLink(_ reference: String) async throws {
    _ = try find(reference)
    let words = reference.split(separator: "/").map(String.init)
    guard words.count == 2 else { throw HullError(.conflict, "Conflict, cannot remove the default link name of the container") }
    let parent = try find(words[0])
    try await uncancelled { try await parent.unlink(words[1]) }
  }
}
