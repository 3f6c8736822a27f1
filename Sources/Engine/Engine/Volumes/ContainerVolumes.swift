// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors

/// The volumes of a container that is being made: found or made, and filled with what the image has at their places.
struct ContainerVolumes: Sendable {
  let services: Services
  let record: ContainerRecord
  /// The directories of the image's layers, topmost first.
  let lower: [String]
  /// Names of volumes that the container uses already.
  var used: Set<String> = []

  private var volumes: VolumeManager { services.volumes }
  private var mounts: [MountRecord] { record.definition.mounts.filter { $0.kind == .volume } }

  /// From now on the container uses its named volumes. Gives the rows of those without a name, which go to disk with the container's.
  func make() async throws -> [VolumeRecord] {
    var rows: [VolumeRecord] = []
    var made: [String] = []
    do {
      for mount in mounts {
        if mount.isNew {
          let row = try wish(mount).record()
          rows.append(row)
          try await volumes.make(row)
          volumes.put(VolumeManager.Entry(record: row, users: [record.id]))
        } else if try await volumes.obtain(wish(mount), for: record.id).isNew {
          made.append(mount.name)
        }
        if !mount.noCopy && mount.subpath.isEmpty { try await fill(mount) }
      }
      return rows
    } catch {
      await undo(rows + made.map { VolumeRecord(name: $0, created: 0, anonymous: false) })
      throw error
    }
  }

  /// Nothing is left of a container that could not be made: `new` are the volumes that it brought.
  func undo(_ new: [VolumeRecord]) async {
    volumes.release(mounts.map(\.name).filter { !used.contains($0) }, by: record.id)
    for volume in new { try? await volumes.remove(volume.name, force: true) }
  }

  private func wish(_ mount: MountRecord) -> VolumeWish {
    let host = record.definition.hostConfig
    let spec = mount.fromMountSpec ? host.mounts.first { CleanPath.clean($0.target) == mount.destination }?.volumeOptions : nil
    let driver = spec?.driverConfig
    return VolumeWish(
      name: mount.name, driver: driver?.name ?? (mount.fromMountSpec ? "" : host.volumeDriver), options: driver?.options, labels: spec?.labels,
      anonymous: mount.isNew)
  }

  private func fill(_ mount: MountRecord) async throws {
    let lower = lower
    if mount.isNew, try !volumes.find(mount.name).record.needsMount {
      return try await Blocking.run { try VolumeContent.fill(mount.source, from: lower, path: mount.destination) }
    }
    // Looked at before the lock is asked for: most volumes have been filled long ago.
    let record = try volumes.find(mount.name).record
    if !record.needsMount, try await Blocking.run({ try !VolumeContent.isEmpty(mount.source) }) { return }
    try await volumes.withMounted(mount.name) { path in
      try await volumes.withLock([mount.name]) { try await Blocking.stream { try VolumeContent.fill(path, from: lower, path: mount.destination) } }
    }
  }
}
