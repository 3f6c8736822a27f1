// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import OCISpec
import Synchronization
import Threads

extension Container {
  /// Makes it anew with changed settings; it keeps its name, ID, addresses, ports, volumes and log. What runs is stopped and started again.
  /// When the new one cannot be made or started, the old one is back. Gives warnings.
  func recreate(_ request: RecreateRequest) async throws -> [String] {
    try beginRecreation()
    let outcome: Result<[String], any Error>
    do { outcome = .success(try await recreateNow(request)) } catch { outcome = .failure(error) }
    await letGoOfKept()
    (recreating, preferred) = (false, nil)
    return try outcome.get()
  }

  private func recreateNow(_ request: RecreateRequest) async throws -> [String] {
    let plan = try await Recreation(services: services, old: record, request: request).plan()
    let runs = state.status.isRunning
    if runs { try await stopKeepingConnection() }
    try await lock.withLock { try await replace(by: plan, starting: runs) }
    event("recreate")
    return plan.warnings
  }

  private func beginRecreation() throws(HullError) {
    if removing || state.status == .dead { throw HullError(.conflict, "container \(record.name) is marked for removal and cannot be made anew") }
    if recreating { throw HullError(.conflict, "container \(record.name) is being made anew already") }
    recreating = true
  }

  private func stopKeepingConnection() async throws {
    restartedByUser = true
    defer { restartedByUser = false }
    do { try await stop(signal: nil, seconds: nil) } catch let error as HullError where error.code == .notModified {}
  }

  /// With `lock` held.
  private func replace(by plan: Recreation.Plan, starting: Bool) async throws {
    guard !removing, services.registry.container(id: id) != nil else { throw HullError(.notFound, "No such container: \(record.name)") }
    guard !state.status.isRunning else {
      throw HullError(.conflict, "container \(record.name) was started while it was being made anew: try again")
    }
    guard record.definition == plan.before else {
      if starting { await startAsItWas() }
      throw HullError(.conflict, "container \(record.name) was changed while it was being made anew: try again")
    }
    let old = (record: record, lower: lower)
    if let shim { await discard(shim) }
    var new = plan.record
    (new.name, new.state) = (record.name, state)
    var made: MadeVolumes?
    do {
      made = try await make(new, plan.lower)
      if starting { try await launch(byUser: true) }
    } catch {
      if let made { await putBack(old.record, old.lower, without: made) }
      if starting { await startAsItWas() }
      throw error
    }
    await discardLayer(of: old.record)
    let kept = Set(record.definition.mounts.map(\.name))
    services.volumes.release(old.record.definition.mounts.map(\.name).filter { !kept.contains($0) }, by: id)
  }

  private func startAsItWas() async {
    do { try await launch(byUser: true) } catch { services.log.error("container \(id): cannot be started as it was: \(error)") }
  }

  /// Puts the new definition in the place of the old one, in one transaction; gives the volumes that were made for it.
  private func make(_ new: ContainerRecord, _ below: [String]) async throws -> MadeVolumes {
    let (services, layer) = (services, paths.layer(of: new))
    let used = Set(record.definition.mounts.map(\.name))
    let volumes = ContainerVolumes(services: services, record: new, lower: below, used: used)
    let made = try await volumes.make()
    do {
      try await Blocking.run { try ContainerDirectories(layer).make() }
      let stored = new.holding()
      try await services.store.replace(stored, volumes: made.rows) { database in try stored.hold(services.images, in: database) }
      (record, lower) = (stored, below)
    } catch {
      try? await Blocking.run { try layer.remove() }
      await volumes.undo(made)
      throw error
    }
    services.registry.add(self)
    for row in made.rows { services.volumes.event("create", row.name) }
    return made
  }

  private func putBack(_ old: ContainerRecord, _ below: [String]?, without made: MadeVolumes) async {
    let failed = record
    var old = old
    old.state = state
    do { try await services.store.save(state, old.definition, of: id) } catch {
      services.log.error("container \(id): cannot be put back: \(error)")
      return
    }
    (record, lower) = (old, below)
    await discardLayer(of: failed)
    let kept = Set(old.definition.mounts.map(\.name))
    services.volumes.release(failed.definition.mounts.map(\.name).filter { !kept.contains($0) }, by: id)
    for name in made.rows.map(\.name) + made.named { try? await services.volumes.remove(name, force: true) }
  }

  /// Takes away what a definition that is no longer the container's stood on; what fails is done at the next start of the daemon.
  private func discardLayer(of old: ContainerRecord) async {
    let (services, layer, holders) = (services, paths.layer(of: old), Set(old.holders).subtracting(record.holders))
    do {
      try await Blocking.run {
        try layer.remove()
        for holder in holders { try services.images.release(holder) }
      }
    } catch { services.log.error("container \(id): cannot remove its old layer: \(error)") }
  }

  private func letGoOfKept() async {
    guard let kept else { return }
    self.kept = nil
    let connection = self.connection
    try? await Blocking.run { connection.letGo(of: kept) }
  }
}
