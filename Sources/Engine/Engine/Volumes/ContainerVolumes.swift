// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import Threads

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

  /// From now on the container uses its named volumes. Gives what has been made.
  func make() async throws -> MadeVolumes {
    var made = MadeVolumes()
    do {
      for mount in mounts {
        if mount.isNew {
          let row = try wish(mount).record()
          made.rows.append(row)
          volumes.temporaries.add(row.name)
          defer { volumes.temporaries.drop(row.name) }
          try await volumes.make(row)
          volumes.put(VolumeManager.Entry(record: row, users: [record.id]))
        } else if try await volumes.obtain(wish(mount), for: record.id).isNew {
          made.named.append(mount.name)
        }
        if !mount.noCopy && mount.subpath.isEmpty { try await fill(mount) }
      }
      return made
    } catch {
      await undo(made)
      throw error
    }
  }

  /// Nothing is left of a container that could not be made.
  func undo(_ made: MadeVolumes) async {
    volumes.release(mounts.map(\.name).filter { !used.contains($0) }, by: record.id)
    for name in made.rows.map(\.name) + made.named { try? await volumes.remove(name, force: true) }
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

/// The volumes that a container brings along.
struct MadeVolumes: Sendable {
  /// Those without a name: their rows go to disk with the container's.
  var rows: [VolumeRecord] = []
  /// Those with a name are on disk already.
  var named: [String] = []
}
