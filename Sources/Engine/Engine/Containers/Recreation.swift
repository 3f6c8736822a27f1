// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import ImageStore
import OCISpec
import Threads

/// Works out what a container becomes that is made anew with changed settings. Nothing is made or changed.
struct Recreation {
  let services: Services
  let old: ContainerRecord
  let request: RecreateRequest

  /// The container as it will be: with a writable layer of its own, with the volumes that it had at the same places.
  struct Plan: Sendable {
    /// What it was worked out from.
    let before: ContainerDefinition
    var record: ContainerRecord
    let lower: [String]
    let warnings: [String]
  }

  func plan() async throws -> Plan {
    let image = try await image()
    var (config, host) = try await settings()
    var validation = Validation(runtimes: services.runtimeNames, defaultRuntime: services.configuration.defaultRuntime)
    try validation.check(&config)
    try validation.check(&host)
    try config.complete(with: image.config.config)
    let networks = try NetworkChoice(services: services).networks(&host, config, networking(host))
    if config.hostname.isEmpty { config.hostname = String(old.id.prefix(12)) }
    host.maskedPaths = host.maskedPaths ?? (host.privileged ? nil : Defaults.maskedPaths)
    host.readonlyPaths = host.readonlyPaths ?? (host.privileged ? nil : Defaults.readonlyPaths)
    var definition = old.definition
    (definition.imageID, definition.platform) = (image.id.description, image.config.platform.description)
    (definition.config, definition.hostConfig, definition.networks) = (config, host, networks)
    definition.mounts = try await mounts(config, host)
    definition.links = try links(host)
    definition.layer = String((Int(definition.layer) ?? 1) + 1)
    var record = old
    record.definition = definition
    return Plan(before: old.definition, record: record, lower: services.images.layers.lowerDirectories(image.diffIDs), warnings: validation.warnings)
  }

  private func image() async throws -> ImageRecord {
    if let name = request.image { return try await services.lookup.find(name) }
    do { return try await services.lookup.find(old.definition.imageID) } catch let error as HullError where error.code == .notFound {
      throw HullError(.conflict, "the image of container \(old.name) (\(old.definition.config.image)) has been removed: name another one")
    }
  }

  /// What the user has said, once or now, and what the old image has not.
  private func settings() async throws -> (ContainerConfig, HostConfig) {
    let before = try? await services.lookup.find(old.definition.imageID)
    var own = before.map { old.definition.config.parted(from: $0.config.config) } ?? old.definition.config
    if own.hostname == old.id.prefix(12) { own.hostname = "" }
    own.image = request.image ?? own.image
    return (
      try RecreateRequest.changed(own, by: request.config), try RecreateRequest.changed(old.definition.hostConfig.parted(), by: request.hostConfig)
    )
  }

  /// The networks that it has, unless it is to have others. Its own links are added to them again.
  private func networking(_ host: HostConfig) -> NetworkingConfig {
    if let networks = request.networks { return networks }
    var networking = NetworkingConfig()
    let before = old.definition.hostConfig
    guard host.networkMode == before.networkMode else { return networking }
    networking.endpointsConfig = old.definition.networks.mapValues { settings in
      var settings = settings
      let rest = settings.links?.filter { !(before.links ?? []).contains($0) }
      settings.links = rest?.isEmpty ?? true ? nil : rest
      return settings
    }
    return networking
  }

  /// Those that it has, unless it is to have others.
  private func links(_ host: HostConfig) throws(HullError) -> [LinkRecord]? {
    let before = old.definition.hostConfig
    if host.links == before.links && host.networkMode == before.networkMode { return old.definition.links }
    return try LinkChoice(services: services).links(host)
  }

  private func mounts(_ config: ContainerConfig, _ host: HostConfig) async throws -> [MountRecord] {
    let services = services
    var mounts = try await Blocking.run { try MountCollection(services: services).collect(config, host) }
    let volumes = old.definition.mounts.filter { $0.kind == .volume && $0.anonymous }
    for index in mounts.indices where mounts[index].isNew {
      guard let volume = volumes.first(where: { $0.destination == mounts[index].destination }) else { continue }
      (mounts[index].name, mounts[index].source, mounts[index].isNew) = (volume.name, volume.source, false)
    }
    return mounts
  }
}
