// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import OCISpec
import Synchronization
import Threads

extension Container {
  /// Removes it, with `volumes` also the volumes that are its alone. `force` kills it first.
  func remove(as reference: String, volumes: Bool, force: Bool) async throws {
    guard !removing else { throw HullError(.conflict, "removal of container \(reference) is already in progress") }
    removing = true
    do {
      if state.status.isRunning {
        guard force else {
          let reason =
            state.status == .paused
            ? "container is paused and must be unpaused first"
            : "container is \(state.status.rawValue): stop the container before removing or force remove"
          throw HullError(.conflict, "cannot remove container \"\(reference)\": \(reason)")
        }
        try await killAndWait()
      }
      try await lock.withLock {
        // It may have removed itself after the kill.
        guard services.registry.container(id: id) != nil else { return }
        if let shim { await discard(shim) }
        try await removeLocked(volumes: volumes, keepsRowUntilCleared: true)
        tellRemoved()
      }
    } catch {
      removing = false
      throw error
    }
  }

  /// What `--rm` asks for, beside letting go of `shim`. With `lock` held.
  func removeAfterEnd(of shim: Shim? = nil) async {
    removing = true
    async let gone: Void = discard(shim)
    do {
      try await removeLocked(volumes: true, keepsRowUntilCleared: false)
      await gone
      tellRemoved()
    } catch {
      removing = false
      services.log.error("container \(id): cannot be removed: \(error)")
      await save()
    }
  }

  /// `keepsRowUntilCleared`: a failure leaves a dead container that can be removed again. Otherwise the row goes while the files do, and
  /// start-up finishes what fails.
  private func removeLocked(volumes: Bool, keepsRowUntilCleared: Bool) async throws {
    let removal = ContainerRemoval(id: id, paths: services.paths)
    do {
      try await Blocking.run { try removal.begin() }
      async let cleared: Void = Blocking.run { try removal.clear() }
      if keepsRowUntilCleared { try await cleared }
      let images = services.images
      let lost = Mutex<[Digest]>([])
      let holders = record.holders
      try await services.store.delete(id) { database in
        let unused = try holders.flatMap { try images.release($0, in: database) }
        lost.withLock { $0 = unused }
      }
      try await cleared
      try await Blocking.run { try removal.finish() }
      let unused = lost.withLock { $0 }
      if !unused.isEmpty { try await Blocking.run { try images.collect(unused) } }
      await letGoOfVolumes(removing: volumes)
    } catch {
      state.status = .dead
      state.error = "\(error)"
      await save()
      throw HullError(.internalError, "cannot remove container \"\(record.name)\": unable to remove filesystem", cause: error)
    }
  }

  /// Volumes without a name go when asked for and nobody else has them; those with a name never.
  private func letGoOfVolumes(removing: Bool) async {
    // After an end the shim, with whom the mounts go, is let go of at the same time.
    await unmountVolumes()
    let mounts = record.definition.mounts.filter { $0.kind == .volume }
    services.volumes.release(mounts.map(\.name), by: id)
    for name in Set(mounts.filter { $0.anonymous && removing }.map(\.name)) {
      do { try await services.volumes.remove(name, force: true) } catch let error as HullError where error.code == .conflict {
        // Another container has it.
      } catch { services.log.error("container \(id): \(error)") }
    }
  }

  private func tellRemoved() {
    services.registry.remove(self)
    state.error = ""
    services.execs.remove(of: id)
    waiters.notify(outcome, removed: true)
    services.logWatcher.poke(paths.directory)
    event("destroy")
  }
}

/// Takes a container's files away in an order that a crash cannot spoil. Blocking.
struct ContainerRemoval: Sendable {
  let id: String
  let paths: Paths

  /// From now on start-up will finish the removal.
  func begin() throws(HullError) {
    let directory = paths.container(id).directory
    if HostFiles.exists(directory) { try HostFiles.rename(directory, to: paths.removing(id)) }
  }

  func clear() throws(HullError) { try HostFiles.removeContents(of: paths.removing(id)) }

  func finish() throws(HullError) { try HostFiles.removeEmptyDirectory(paths.removing(id)) }
}
