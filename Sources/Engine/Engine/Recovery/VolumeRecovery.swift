// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import Threads
import Volumes

/// Brings the volumes in memory and on the machine back in line with the database.
struct VolumeRecovery: Sendable {
  let services: Services

  /// Reads the volumes and who uses them, and ends what a crash has interrupted.
  func load(users: [ContainerRecord]) async throws {
    let store = services.store
    try await endRenames()
    for record in try await Blocking.run({ try store.volumes() }) {
      let holders = users.filter { $0.definition.mounts.contains { $0.kind == .volume && $0.name == record.name } }.map(\.id)
      if try await isLost(record) {
        if holders.isEmpty {
          // Its removal had begun.
          try await store.deleteVolume(record.name)
          continue
        }
        services.log.error("volume \(record.name) has no directory: it is made again, empty")
        try await services.volumes.make(record)
      }
      services.volumes.put(VolumeManager.Entry(record: record, users: Set(holders)))
    }
  }

  /// A rename has happened when the directory has its new name.
  private func endRenames() async throws {
    let store = services.store
    let records = try await Blocking.run { try store.volumes() }
    for record in records {
      guard let other = record.renaming else { continue }
      if try await isLost(record), try await !isLost(record.renamed(to: other)) {
        let snapshots = records.filter { $0.snapshotOf == record.name }.map { $0.relabelled(snapshotOf: other) }
        try await store.endRename(record.name, to: record.renamed(to: other), relabelled: snapshots)
      } else {
        try await store.forgetRename(record.name)
      }
    }
  }

  private func isLost(_ record: VolumeRecord) async throws -> Bool {
    let path = services.volumes.directory(record.name).path
    return try await Blocking.run { !HostFiles.exists(path) }
  }

  /// Takes off what nobody needs any more: its last user has gone while no daemon was there.
  func unmountUnused() async throws {
    for entry in services.volumes.all where entry.record.needsMount && entry.mounters.isEmpty {
      let directory = services.volumes.directory(entry.record.name)
      try await Blocking.stream { try directory.unmount() }
    }
  }
}
