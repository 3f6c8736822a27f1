// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

/// What answers and requests of earlier versions of the API have otherwise, as Docker keeps it for old clients (moby, docs/api/version-history).
enum EarlierForms {
  /// `GET /images/{name}/json`
  static func image(_ image: ImageInspect, _ version: APIVersion) throws(HullError) -> ImageInspect {
    var image = image
    if version < APIVersion(1, 44) { image.virtualSize = image.size }
    if version < APIVersion(1, 45) {
      image.container = ""
      image.containerConfig = try DockerJSON.decode(ContainerConfig.self, from: DockerJSON.encode(image.config))
    }
    return image
  }

  /// `GET /containers/{id}/json`: the names by which a container is found count among its aliases.
  static func container(_ container: ContainerInspect, _ version: APIVersion) -> ContainerInspect {
    guard version < APIVersion(1, 45) else { return container }
    var container = container
    for name in container.networkSettings.networks.keys where !["bridge", "host", "none"].contains(name) {
      var aliases = container.networkSettings.networks[name]?.aliases ?? []
      for alias in [String(container.id.prefix(12)), container.config.hostname] where !alias.isEmpty && !aliases.contains(alias) {
        aliases.append(alias)
      }
      container.networkSettings.networks[name]?.aliases = aliases
    }
    return container
  }

  /// `POST /containers/create`
  static func check(_ request: inout ContainerCreateRequest, _ version: APIVersion) throws(HullError) {
    if version < APIVersion(1, 40), request.hostConfig.ipcMode.isEmpty { request.hostConfig.ipcMode = "shareable" }
    // More than one network at the creation came with 1.44.
    let names = (request.networkingConfig.endpointsConfig ?? [:]).keys.sorted()
    guard version < APIVersion(1, 44), names.count > 1 else { return }
    throw HullError(.invalidArgument, "Container cannot be connected to network endpoints: \(names.joined(separator: ", "))")
  }
}
