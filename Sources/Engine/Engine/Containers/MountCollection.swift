// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import Volumes

/// Brings together everything that is to be mounted in a new container. Blocking: sources of binds are looked up.
struct MountCollection {
  let services: Services

  func collect(_ config: ContainerConfig, _ host: HostConfig) throws(HullError) -> [MountRecord] {
    var mounts: [MountRecord] = []
    func taken(_ destination: String) -> Bool { mounts.contains { $0.destination == destination } }
    for text in host.volumesFrom ?? [] {
      for mount in try inherited(text) where !taken(mount.destination) { mounts.append(mount) }
    }
    let borrowed = mounts.count
    for text in host.binds ?? [] { try add(try Binds.parse(text), to: &mounts, from: borrowed) }
    for mount in host.mounts { try add(try Binds.parse(mount), to: &mounts, from: borrowed) }
    for destination in host.tmpfs.keys where mounts[borrowed...].contains(where: { $0.destination == CleanPath.clean(destination) }) {
      throw HullError(.invalidArgument, "Duplicate mount point: \(destination)")
    }
    let temporary = Set(host.tmpfs.keys.map(CleanPath.clean))
    for path in (config.volumes ?? [:]).keys.sorted() {
      let destination = CleanPath.clean(path)
      try Binds.checkTarget(path, type: "volume")
      if !taken(destination) && !temporary.contains(destination) {
        mounts.append(MountRecord(kind: .volume, source: "", destination: destination))
        mounts[mounts.count - 1].anonymous = true
      }
    }
    for index in mounts.indices where mounts[index].kind == .volume && mounts[index].source.isEmpty { try name(&mounts[index]) }
    for index in mounts.indices where mounts[index].kind == .image && mounts[index].imageID.isEmpty { try resolve(&mounts[index]) }
    return mounts
  }

  /// An own mount takes the place of an inherited one, but not that of another own one.
  private func add(_ mount: MountRecord, to mounts: inout [MountRecord], from borrowed: Int) throws(HullError) {
    if let index = mounts.firstIndex(where: { $0.destination == mount.destination }) {
      guard index < borrowed else { throw HullError(.invalidArgument, "Duplicate mount point: \(mount.destination)") }
      mounts[index] = mount
    } else {
      mounts.append(mount)
    }
  }

  /// An image's layers are held under a name of the mount's own.
  func resolve(_ mount: inout MountRecord) throws(HullError) {
    mount.imageID = try services.images.resolve(mount.source).id.description
  }

  func name(_ mount: inout MountRecord) throws(HullError) {
    if mount.name.isEmpty {
      mount.name = randomIdentifier()
      (mount.isNew, mount.anonymous) = (true, true)
    } else {
      try VolumeName.check(mount.name)
    }
    mount.source = services.volumes.directory(mount.name).data
    // Nothing changes a snapshot, neither the container nor what its image has at that place.
    if services.volumes.entry(mount.name)?.record.snapshotOf != nil { (mount.writable, mount.noCopy) = (false, true) }
  }

  /// `--volumes-from NAME[:ro|rw]`
  private func inherited(_ text: String) throws(HullError) -> [MountRecord] {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    guard let name = parts.first else { throw HullError(.invalidArgument, "volumes-from specification cannot be an empty string") }
    let modeText = parts.count > 1 ? parts[1] : "rw"
    guard let mode = MountMode(modeText), mode.propagation == nil, !mode.noCopy else {
      throw HullError(.invalidArgument, "invalid mode: \(modeText)")
    }
    // Not a 404, which a client would take for a missing image.
    guard let donor = try? services.registry.find(name) else { throw HullError(.invalidArgument, "No such container: \(name)") }
    return donor.view.record.definition.mounts.map { mount in
      var mount = mount
      mount.writable = mount.writable && mode.writable
      mount.noCopy = true
      return mount
    }
  }
}
