// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import Glibc
import Threads

extension Engine {
  /// `GET /volumes`.
  package func listVolumes(filters: Filters) async throws -> VolumeList {
    try filters.validate(accepted: ["dangling", "driver", "label", "name"])
    let dangling = filters.contains("dangling") ? try filters.bool("dangling", default: false) : nil
    let names = filters["name"].map { NamePattern($0) }
    var list = VolumeList()
    list.volumes = services.volumes.all.filter { entry in
      dangling.map { $0 == entry.users.isEmpty } ?? true && (names.isEmpty || names.contains { $0.matches(entry.record.name) })
        && (filters["driver"].isEmpty || filters["driver"].contains(volumeDriver)) && filters.matchLabels(entry.record.labels ?? [:])
    }.map { volume($0.record) }
    return list
  }

  /// `GET /volumes/{name}`.
  package func inspectVolume(_ name: String) async throws -> Volume { volume(try services.volumes.find(name).record) }

  /// `POST /volumes/create`.
  package func createVolume(_ request: VolumeCreateRequest) async throws -> Volume {
    guard request.clusterVolumeSpec == nil else {
      throw HullError(
        .unavailable,
        "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.")
    }
    let anonymous = request.name.isEmpty
    let wish = VolumeWish(
      name: anonymous ? randomIdentifier() : request.name, driver: request.driver, options: request.driverOpts, labels: request.labels,
      anonymous: anonymous)
    let volumes = services.volumes
    return volume(try await uncancelled { try await volumes.obtain(wish).record })
  }

  /// `DELETE /volumes/{name}`.
  package func removeVolume(_ name: String, force: Bool) async throws {
    let volumes = services.volumes
    try await uncancelled { try await volumes.remove(name, force: force) }
  }

  /// `POST /volumes/prune`: volumes that no container has; those with a name only with the filter `all`.
  package func pruneVolumes(filters: Filters) async throws -> VolumesPruneReport {
    try filters.validate(accepted: ["all", "label", "label!"])
    let all = try filters.bool("all", default: false)
    let volumes = services.volumes
    guard
      volumes.pruning.withLock({ running in
        defer { running = true }
        return !running
      })
    else { throw HullError(.conflict, "a prune operation is already running") }
    defer { volumes.pruning.withLock { $0 = false } }
    var report = VolumesPruneReport()
    for entry in volumes.all where entry.users.isEmpty && (all || entry.record.anonymous) && entry.record.isHere {
      let labels = entry.record.labels ?? [:]
      guard filters.matchLabels(labels), !filters.contains("label!") || !filters.matchLabels(labels, key: "label!") else { continue }
      let (name, size) = (entry.record.name, try await volumeSize(entry.record))
      do { try await uncancelled { try await volumes.remove(name, force: false) } } catch let error as HullError
        where error.code == .conflict || error.code == .notFound
      { continue }
      report.volumesDeleted.append(name)
      report.spaceReclaimed += size
    }
    services.events.publish("volume", "prune", id: "", attributes: ["reclaimed": String(report.spaceReclaimed)])
    return report
  }

  /// What `GET /system/df` shows: volumes whose data is on this machine's disk, as Docker.
  func volumeUsage() async throws -> [Volume] {
    var result: [Volume] = []
    for entry in services.volumes.all where entry.record.isHere {
      var volume = volume(entry.record)
      volume.usageData = VolumeUsage()
      volume.usageData?.size = try await volumeSize(entry.record)
      volume.usageData?.refCount = Int64(entry.users.count)
      result.append(volume)
    }
    return result
  }

  /// Bytes that removing the volume would give back.
  private func volumeSize(_ record: VolumeRecord) async throws -> Int64 {
    let directory = services.volumes.directory(record.name)
    return try await Blocking.stream { DirectorySize.bytes(directory.data) }
  }

  func volume(_ record: VolumeRecord) -> Volume {
    var volume = Volume()
    volume.name = record.name
    volume.driver = volumeDriver
    volume.scope = "local"
    volume.createdAt = Timestamp.text(record.created / 1_000_000_000 * 1_000_000_000)
    volume.mountpoint = services.volumes.directory(record.name).data
    volume.labels = record.labels
    volume.options = record.options
    return volume
  }
}

extension VolumeRecord {
  /// Whether the data is in the volume's own directory, not in what is mounted there.
  var isHere: Bool { ((try? local)?.source) == nil }
}
