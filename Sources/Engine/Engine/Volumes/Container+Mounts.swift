// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import ImageStore
import LaunchCompiler
import OCISpec
import ShimProtocol
import Threads

/// Mounts that come to a running container and go again. What is about to change is written down first: whoever starts after a crash in
/// between looks into the container and knows which of the two it is.
extension Container {
  /// Mounts something further, at once; it stays after a restart.
  func addMount(_ spec: Mount) async throws {
    try await lock.withLock {
      let shim = try mountable()
      let (services, record, lower) = (services, record, try await layers())
      let mount = try await Blocking.run { try LiveMountChoice(services: services, record: record).mount(spec) }
      var wanted = record
      wanted.definition.hostConfig.mounts.append(spec)
      let volumes = ContainerVolumes(services: services, record: wanted.with([mount]), lower: lower, used: record.volumeNames)
      let made = try await volumes.make()
      do {
        wanted.definition.mounts.append(mount.begun)
        try await begin(wanted.definition, mount, made.rows)
        try await attach(mount, through: shim)
      } catch {
        await takeBack(mount, to: record.definition)
        await volumes.undo(made)
        throw error
      }
      for row in made.rows { services.volumes.event("create", row.name) }
      await settle()
    }
  }

  /// Unmounts what is mounted at a path; it does not come back after a restart.
  func removeMount(_ path: String) async throws {
    try await lock.withLock {
      let shim = try mountable()
      let before = record.definition
      let mount = try LiveMountChoice(services: services, record: record).mounted(at: path)
      try await begin(before.marking(mount), mount, [])
      do { try await shim.call(.unmount(destination: mount.destination)) } catch {
        // The workload may have taken it off itself.
        guard !(await isThere(mount)) else {
          try await save(before)
          throw error
        }
      }
      try await save(before.without(mount))
      await letGo(of: mount)
    }
  }

  /// After a crash: what was being mounted or unmounted either is in the container or is not.
  func settleMounts() async {
    for mount in record.definition.mounts where mount.changing {
      if await isThere(mount) { continue }
      do {
        try await save(record.definition.without(mount))
        await letGo(of: mount)
      } catch { services.log.error("container \(id): \(error)") }
    }
    if record.definition.mounts.contains(where: \.changing) { await settle() }
  }

  private func mountable() throws(HullError) -> ShimConnection {
    guard !removing, state.status != .dead else { throw HullError(.conflict, "container \(id) is marked for removal") }
    guard !recreating else { throw HullError(.conflict, "container \(record.name) is being made anew: try again") }
    return try runningShim()
  }

  private func begin(_ definition: ContainerDefinition, _ mount: MountRecord, _ rows: [VolumeRecord]) async throws {
    let images = services.images
    try await services.store.save(definition, of: id, volumes: rows) { database in
      if mount.kind == .image { try images.hold(ImageID(mount.imageID), by: mount.holder, in: database) }
    }
    record.definition = definition
  }

  private func attach(_ mount: MountRecord, through shim: ShimConnection) async throws {
    if mount.kind == .volume { try await mountVolume(mount) }
    let (services, paths) = (services, paths)
    let plan = try await Blocking.run {
      var plan = try LaunchCompiler.mount(try MountSpec.mount(mount), bundle: paths.bundle)
      try MountSources(services: services).complete(&plan, of: mount)
      return plan
    }
    try await shim.call(.mount(plan))
  }

  /// Nothing is left of a mount that could not be made.
  private func takeBack(_ mount: MountRecord, to definition: ContainerDefinition) async {
    do { if record.definition != definition { try await save(definition) } } catch { services.log.error("container \(id): \(error)") }
    await letGo(of: mount)
  }

  /// What a mount needed is given back, unless another mount of the container needs it too.
  private func letGo(of mount: MountRecord) async {
    do {
      if !mount.holder.isEmpty {
        let (images, holder) = (services.images, mount.holder)
        try await Blocking.run { try images.release(holder) }
      }
      guard mount.kind == .volume, !record.volumeNames.contains(mount.name) else { return }
      if try await services.volumes.unmount(mount.name, for: id) { services.volumes.event("unmount", mount.name, ["container": id]) }
      services.volumes.release([mount.name], by: id)
    } catch { services.log.error("container \(id): \(error)") }
  }

  private func save(_ definition: ContainerDefinition) async throws {
    try await services.store.save(definition, of: id)
    record.definition = definition
  }

  /// What was begun is there. A failure to write that down is made up for by the next start of the daemon.
  private func settle() async {
    do { try await save(record.definition.settled) } catch { services.log.error("container \(id): \(error)") }
  }

  private func isThere(_ mount: MountRecord) async -> Bool {
    let pid = pid
    return (try? await Blocking.run { MountPresence(pid: pid).has(mount) }) ?? false
  }
}

extension Engine {
  /// `POST /hull/containers/{id}/mounts`, Hull's own.
  package func addMount(_ reference: String, _ mount: Mount) async throws {
    let container = try find(reference)
    try await uncancelled { try await container.addMount(mount) }
  }

  /// `DELETE /hull/containers/{id}/mounts?path=/data`, Hull's own.
  package func removeMount(_ reference: String, path: String) async throws {
    let container = try find(reference)
    try await uncancelled { try await container.removeMount(path) }
  }
}
