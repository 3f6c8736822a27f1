// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors

extension Engine {
  /// `GET /networks`.
  package func listNetworks(filters: Filters) async throws -> [NetworkInspect] {
    try filters.validate(accepted: ["dangling", "driver", "id", "label", "name", "scope", "type"])
    func any(_ key: String, _ test: (String) -> Bool) -> Bool {
      let values = filters[key]
      return values.isEmpty || values.contains(where: test)
    }
    return PredefinedNetworks.all.filter { network in
      any("name") { network.name.contains($0) } && any("id") { network.id.hasPrefix($0) } && any("driver") { network.driver == $0 }
        && any("scope") { $0 == "local" } && any("type") { $0 == "builtin" } && filters["label"].isEmpty
        && any("dangling") { $0 == "false" || $0 == "0" }
    }.map { PredefinedNetworks.answer($0, containers: [], created: services.opened) }
  }

  /// `GET /networks/{id}`.
  package func inspectNetwork(_ reference: String) async throws -> NetworkInspect {
    let found = PredefinedNetworks.find(reference) ?? PredefinedNetworks.all.first { !reference.isEmpty && $0.id.hasPrefix(reference) }
    guard let found else { throw HullError(.notFound, "network \(reference) not found") }
    return PredefinedNetworks.answer(found, containers: services.registry.all.map(\.view), created: services.opened)
  }

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
