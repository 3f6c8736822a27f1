// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import Glibc
import ImageStore
import OCISpec
import Threads

/// Makes a container: checks and completes what was asked for, and puts it into the database in one transaction.
struct ContainerCreation {
  let services: Services
  let request: ContainerCreateRequest
  let platform: String?

  func create(name: String?) async throws -> ContainerCreateResponse {
    var config = request.config
    var host = request.hostConfig
    var validation = Validation(runtimes: services.runtimeNames, defaultRuntime: services.configuration.defaultRuntime)
    try validation.check(&config)
    try validation.check(&host)
    guard !config.image.isEmpty else { throw HullError(.invalidArgument, "no image specified: a container needs an image") }
    if host.network.container != nil, !config.exposedPorts.isEmpty {
      throw HullError(.invalidArgument, "conflicting options: port exposing and the container type network mode")
    }
    let image = try await services.lookup.find(config.image, platform: wantedPlatform())
    if let artifact = image.artifactType {
      throw HullError(.invalidArgument, "\(config.image) is an artifact (\(artifact)), not an image: there is nothing in it to run")
    }
    try config.complete(with: image.config.config)
    let networks = try NetworkChoice(services: services).networks(&host, config, request.networkingConfig)
    let links = try LinkChoice(services: services).links(host)
    let id = randomIdentifier()
    if let other = host.network.container, let donor = try? services.registry.find(other).view.config {
      (config.hostname, config.domainname) = (donor.hostname, donor.domainname)
    }
    if config.hostname.isEmpty { config.hostname = host.network.isHost ? hostName() : String(id.prefix(12)) }
    host.maskedPaths = host.maskedPaths ?? (host.privileged ? nil : Defaults.maskedPaths)
    host.readonlyPaths = host.readonlyPaths ?? (host.privileged ? nil : Defaults.readonlyPaths)
    let (finalConfig, finalHost) = (config, host)
    let services = self.services
    let mounts = try await Blocking.run { try MountCollection(services: services).collect(finalConfig, finalHost) }
    var definition = ContainerDefinition(
      imageID: image.id.description, platform: image.config.platform.description, config: config, hostConfig: host, networks: networks, mounts: mounts
    )
    definition.links = links
    let name = try reserve(name, for: id)
    do {
      try await insert(ContainerRecord(id: id, name: name, created: Timestamp.now(), definition: definition), image: image)
    } catch {
      services.registry.release(name, of: id)
      throw error
    }
    var response = ContainerCreateResponse()
    response.id = id
    response.warnings = validation.warnings
    if platform == nil || platform == "", let warning = ForeignPrograms.warning(image.config.platform) { response.warnings.append(warning) }
    return response
  }

  private func insert(_ record: ContainerRecord, image: ImageRecord) async throws {
    let (services, paths) = (self.services, services.paths.container(record.id))
    let lower = services.images.layers.lowerDirectories(image.diffIDs)
    let volumes = ContainerVolumes(services: services, record: record, lower: lower)
    let made = try await volumes.make()
    do {
      let stored = record.holding()
      async let directories: Void = Blocking.run { try ContainerDirectories(paths.layer(of: stored)).make() }
      try await services.store.insert(stored, volumes: made.rows) { database in try stored.hold(services.images, in: database) }
      try await directories
      let container = Container(stored, services: services, lower: lower)
      services.registry.add(container)
      for row in made.rows { services.volumes.event("create", row.name) }
      await container.event("create")
    } catch {
      try? await Blocking.run {
        try? HostFiles.removeTree(paths.directory)
      }
      await volumes.undo(made)
      throw error
    }
  }

  private func reserve(_ wanted: String?, for id: String) throws(HullError) -> String {
    if let wanted, !wanted.isEmpty {
      let name = try ContainerNames.validated(wanted)
      try services.registry.reserve(name, for: id)
      return name
    }
    for attempt in 0..<6 {
      let name = ContainerNames.random(attempt: attempt)
      if (try? services.registry.reserve(name, for: id)) != nil { return name }
    }
    let name = String(id.prefix(12))
    try services.registry.reserve(name, for: id)
    return name
  }

  private func wantedPlatform() throws(HullError) -> Platform? {
    guard let platform, !platform.isEmpty else { return nil }
    return try Platform(parsing: platform)
  }

  private func hostName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    gethostname(&buffer, buffer.count - 1)
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
