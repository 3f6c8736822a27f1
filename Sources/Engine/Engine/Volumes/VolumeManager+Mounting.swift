// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import Threads
import Volumes

extension VolumeManager {
  /// The volume's data can be used until `unmount` is called for the same user. Gives where on the host it is.
  func mount(_ name: String, for user: String) async throws -> String {
    let record = try find(name).record
    if !record.needsMount, try enter(name, user) { return directory(name).data }
    return try await withLock([name]) { [self] in
      let entry = try find(name)
      if entry.mounters.isEmpty && record.needsMount { try await mountLocked(entry.record) }
      change(name) { _ = $0.mounters.insert(user) }
      return directory(name).data
    }
  }

  /// `false`: not now, its content is being exchanged.
  private func enter(_ name: String, _ user: String) throws(HullError) -> Bool {
    let entered = change(name) { entry in
      if !entry.replacing { entry.mounters.insert(user) }
      return !entry.replacing
    }
    guard let entered else { throw HullError(.notFound, "get \(name): no such volume") }
    return entered
  }

  private func mountLocked(_ record: VolumeRecord) async throws {
    let directory = directory(record.name)
    do {
      // A network file system may let one wait.
      try await Blocking.stream { try directory.mount(record.local) }
    } catch {
      throw HullError(.internalError, "error while mounting volume '\(directory.data)': \(error)")
    }
  }

  /// The last one to go takes the mount with it. `false`: the user had not mounted it.
  @discardableResult
  func unmount(_ name: String, for user: String) async throws -> Bool {
    guard let entry = entry(name), entry.mounters.contains(user) else { return false }
    if !entry.record.needsMount {
      change(name) { _ = $0.mounters.remove(user) }
      return true
    }
    let directory = directory(name)
    return try await withLock([name]) { [self] in
      let last = change(name) { entry in
        entry.mounters.remove(user)
        return entry.mounters.isEmpty
      }
      if last == true { try await Blocking.stream { try directory.unmount() } }
      return true
    }
  }

  /// Mounts a volume for as long as `body` needs it.
  func withMounted<Result: Sendable>(_ name: String, _ body: @Sendable (_ path: String) async throws -> Result) async throws -> Result {
    let token = "operation-" + randomIdentifier()
    let path = try await mount(name, for: token)
    do {
      let result = try await body(path)
      try await unmount(name, for: token)
      return result
    } catch {
      _ = try? await unmount(name, for: token)
      throw error
    }
  }
}

extension Container {
  private var volumeMounts: [MountRecord] { record.definition.mounts.filter { $0.kind == .volume } }

  /// Makes its volumes usable for a start. What was mounted goes again with the shim, also after a failure.
  func mountVolumes() async throws {
    for mount in volumeMounts { try await mountVolume(mount) }
  }

  func mountVolume(_ mount: MountRecord) async throws {
    _ = try await services.volumes.mount(mount.name, for: id)
    services.volumes.event(
      "mount", mount.name,
      ["container": id, "destination": mount.destination, "read/write": mount.writable ? "true" : "false", "propagation": mount.propagation])
  }

  func unmountVolumes() async {
    for name in Set(volumeMounts.map(\.name)).sorted() {
      do {
        if try await services.volumes.unmount(name, for: id) { services.volumes.event("unmount", name, ["container": id]) }
      } catch { services.log.error("container \(id): \(error)") }
    }
  }

  /// Counts the mounts of a workload that outlived the last daemon.
  func adoptVolumeMounts() async {
    for mount in volumeMounts {
      do { _ = try await services.volumes.mount(mount.name, for: id) } catch { services.log.error("container \(id): \(error)") }
    }
  }
}
