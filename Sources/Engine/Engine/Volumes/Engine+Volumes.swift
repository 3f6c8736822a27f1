// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors

extension Engine {
  /// `GET /volumes`.
  package func listVolumes(filters: Filters) async throws -> VolumeList {
    try filters.validate(accepted: ["dangling", "driver", "label", "name"])
    let store = services.store
    let records = try await Blocking.run { try store.volumes() }
    let dangling = filters.contains("dangling") ? try filters.bool("dangling", default: false) : nil
    var list = VolumeList()
    for record in records {
      let used = services.volumeIsUsed(record.name, besides: "")
      guard dangling.map({ $0 != used }) ?? true, filters["name"].isEmpty || filters["name"].contains(where: { record.name.contains($0) }),
        filters["driver"].isEmpty || filters["driver"].contains("local"), filters["label"].isEmpty
      else { continue }
      list.volumes.append(volume(record))
    }
    return list
  }

  func volume(_ record: VolumeRecord) -> Volume {
    var volume = Volume()
    volume.name = record.name
    volume.driver = "local"
    volume.scope = "local"
    volume.createdAt = Timestamp.text(record.created / 1_000_000_000 * 1_000_000_000)
    volume.mountpoint = services.paths.volume(record.name) + "/_data"
    volume.labels = record.anonymous ? ["com.docker.volume.anonymous": ""] : nil
    return volume
  }
}
