// SPDX-License-Identifier: Apache-2.0
import DockerAPI
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
}
