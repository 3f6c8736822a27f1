// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors

/// Which mount of a running container is meant, and whether it can come or go. Blocking.
struct LiveMountChoice {
  let services: Services
  let record: ContainerRecord

  /// What a client asks to be mounted. Throws `invalidArgument` for what cannot be, `conflict` when the place is taken.
  func mount(_ spec: Mount) throws(HullError) -> MountRecord {
    var mount = try Binds.parse(spec)
    let collection = MountCollection(services: services)
    if mount.destination == "/proc" || mount.destination.hasPrefix("/proc/") {
      throw HullError(.invalidArgument, "cannot mount over \(mount.destination): the container's own processes are there")
    }
    guard !record.destinations.contains(mount.destination) else {
      throw HullError(.conflict, "Duplicate mount point: \(mount.destination): container \(record.name) has a mount there")
    }
    if mount.kind == .volume { try collection.name(&mount) }
    if mount.kind == .image {
      try collection.resolve(&mount)
      mount.holder = "\(record.imageHolder)/\(randomIdentifier().prefix(12))"
    }
    return mount
  }

  /// What the container has at a path. Throws `notFound` when that is nothing, `conflict` when another mount lies below it.
  func mounted(at path: String) throws(HullError) -> MountRecord {
    guard path.hasPrefix("/") else { throw HullError(.invalidArgument, "invalid mount path: '\(path)' mount path must be absolute") }
    let place = CleanPath.clean(path)
    guard let mount = record.mount(at: place) else {
      throw HullError(.notFound, "container \(record.name) has no mount at \(place): see 'docker inspect \(record.name)'")
    }
    if let below = record.destinations.sorted().first(where: { $0 != place && CleanPath.contains(place, $0) }) {
      throw HullError(.conflict, "cannot unmount \(place) of container \(record.name): \(below) is mounted below it, unmount that first")
    }
    return mount
  }
}

extension ContainerRecord {
  var volumeNames: Set<String> { Set(definition.mounts.filter { $0.kind == .volume }.map(\.name)) }

  /// Every place in the container that a client has asked to be mounted on.
  var destinations: Set<String> { Set(definition.mounts.map(\.destination) + definition.hostConfig.tmpfs.keys.map(CleanPath.clean)) }

  /// Only these mounts.
  func with(_ mounts: [MountRecord]) -> ContainerRecord {
    var record = self
    record.definition.mounts = mounts
    return record
  }

  func mount(at place: String) -> MountRecord? {
    if let mount = definition.mounts.first(where: { $0.destination == place }) { return mount }
    guard let tmpfs = definition.hostConfig.tmpfs.first(where: { CleanPath.clean($0.key) == place }) else { return nil }
    var mount = MountRecord(kind: .tmpfs, source: "", destination: place)
    mount.options = tmpfs.value
    return mount
  }
}

extension MountRecord {
  /// As it is kept while it is being made.
  var begun: MountRecord {
    var mount = self
    (mount.changing, mount.isNew) = (true, false)
    return mount
  }
}

extension ContainerDefinition {
  /// The same, with the mount marked as about to go.
  func marking(_ mount: MountRecord) -> ContainerDefinition {
    var definition = self
    definition.mounts.removeAll { $0.destination == mount.destination }
    definition.mounts.append(mount.begun)
    definition.hostConfig.tmpfs = hostConfig.tmpfs.filter { CleanPath.clean($0.key) != mount.destination }
    return definition
  }

  /// Without the mount, in whichever way the client had asked for it.
  func without(_ mount: MountRecord) -> ContainerDefinition {
    var definition = self
    let place = mount.destination
    definition.mounts.removeAll { $0.destination == place }
    definition.hostConfig.mounts.removeAll { CleanPath.clean($0.target) == place }
    definition.hostConfig.tmpfs = hostConfig.tmpfs.filter { CleanPath.clean($0.key) != place }
    definition.hostConfig.binds = hostConfig.binds?.filter { (try? Binds.parse($0))?.destination != place }
    definition.config.volumes = config.volumes?.filter { CleanPath.clean($0.key) != place }
    return definition
  }

  /// What was being changed is now so.
  var settled: ContainerDefinition {
    var definition = self
    for index in definition.mounts.indices { definition.mounts[index].changing = false }
    return definition
  }
}
