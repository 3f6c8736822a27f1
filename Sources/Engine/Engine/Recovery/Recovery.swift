// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import ShimProtocol
import Threads

/// Brings an engine's memory and the machine back in line after a start: takes over what still runs, finishes what was begun, clears away
/// what belongs to nobody.
struct Recovery: Sendable {
  let services: Services

  func run() async throws {
    let services = self.services
    let networks = NetworkRecovery(services: services)
    try await Blocking.run { try networks.load() }
    let records = try await Blocking.run { try services.store.containers() }
    let kept = try await finishRemovals(records)
    try await VolumeRecovery(services: services).load(users: kept)
    for record in kept {
      try services.registry.reserve(record.name, for: record.id)
      services.registry.add(Container(record, services: services))
    }
    try await Blocking.run { try Sweep(services: services, records: kept).run() }
    await withTaskGroup(of: Void.self) { group in
      for container in services.registry.all { group.addTask { await container.recover() } }
    }
    services.hostNetwork.deliveryChanged.withLock { $0 = { Task { await Self.renewPlans(services) } } }
    try await Blocking.run { try networks.restore() }
    await Self.renewPlans(services)
    try await VolumeRecovery(services: services).unmountUnused()
    // What others are linked to is older than they are.
    for container in services.registry.all.reversed() { await container.startAfterBoot() }
  }

  /// The shims that relay ports are told how.
  private static func renewPlans(_ services: Services) async { for container in services.registry.all { await container.renewPlan() } }

  /// Containers whose removal had begun: their rows go now.
  private func finishRemovals(_ records: [ContainerRecord]) async throws -> [ContainerRecord] {
    var kept: [ContainerRecord] = []
    for record in records {
      guard HostFiles.exists(services.paths.removing(record.id)) else {
        kept.append(record)
        continue
      }
      try await services.store.delete(record.id)
    }
    return kept
  }
}

/// Removes what no container in the database has. Blocking.
struct Sweep {
  let services: Services
  /// The containers in the database.
  let records: [ContainerRecord]

  func run() throws(HullError) {
    let known = Set(records.map(\.id))
    let holders = Set(records.flatMap(\.holders))
    for record in records { removeOldLayers(of: record) }
    for name in HostFiles.names(in: services.paths.containers) where !known.contains(name) {
      attempt("container directory \(name)") { () throws(HullError) in try HostFiles.removeTree(services.paths.containers + "/" + name) }
    }
    for name in HostFiles.names(in: services.paths.runs) where !known.contains(name) { try endStranger(name) }
    for name in HostFiles.names(in: services.paths.volumes) where services.volumes.entry(name) == nil {
      attempt("volume directory \(name)") { () throws(HullError) in try services.volumes.directory(name).remove() }
    }
    for holder in try services.images.layerHolders() where !holders.contains(holder) {
      attempt("layers of \(holder)") { () throws(HullError) in try services.images.release(holder) }
    }
  }

  /// The writable layers that it had before it was made anew.
  private func removeOldLayers(of record: ContainerRecord) {
    let paths = services.paths.container(record.id)
    let layer = paths.layer(of: record)
    for path in HostFiles.names(in: paths.directory).map({ paths.directory + "/" + $0 })
    where WritableLayer.isPart(path) && path != layer.upper && path != layer.work {
      attempt("layer \(path)") { () throws(HullError) in try HostFiles.removeTree(path) }
    }
  }

  /// A shim whose container is not in the database: it is told to kill its workload and to go.
  private func endStranger(_ id: String) throws(HullError) {
    let run = services.paths.container(id).run
    if let descriptor = try? ShimSocket.connect(to: run) { StrangerShim.end(descriptor) }
    attempt("run directory \(id)") { () throws(HullError) in
      try Leftovers.remove(run: run, cgroup: CleanPath.clean("/" + services.configuration.cgroupParent + "/" + id))
    }
  }

  private func attempt(_ what: String, _ body: () throws(HullError) -> Void) {
    do { try body() } catch { services.log.error("start-up: cannot remove the left-over \(what): \(error)") }
  }
}
