// SPDX-License-Identifier: Apache-2.0
import Archive
import DockerAPI
import EngineStore
import Errors
import Glibc
import LinuxSystem
import Threads
import Volumes

/// Hull's own verbs for volumes.
extension Engine {
  /// `POST /hull/volumes/{name}/clone`: a new volume with the same content, also while the volume is in use.
  package func cloneVolume(_ name: String, _ request: VolumeCloneRequest) async throws -> Volume {
    let volumes = services.volumes
    let original = try volumes.find(name).record
    let now = Timestamp.now()
    let wanted = request.name.isEmpty && request.snapshot ? original.snapshotName(at: now) : request.name
    try Self.check(wanted, for: request.snapshot ? "snapshot" : "clone")
    let record = request.snapshot ? original.snapshot(named: wanted, at: now) : original.copied(to: wanted)
    let made = try await uncancelled {
      try await volumes.withMounted(name) { path in try await volumes.create(record, filledBy: Self.copying(path)) }
    }
    return volume(made)
  }

  /// `POST /hull/volumes/{name}/restore`: the volume's content becomes that of another one, such as a snapshot.
  package func restoreVolume(_ name: String, _ request: VolumeRestoreRequest) async throws {
    let volumes = services.volumes
    _ = try volumes.find(name)
    guard request.snapshot != name else { throw HullError(.invalidArgument, "restore \(name): a volume cannot be restored from itself") }
    try await uncancelled {
      try await volumes.withMounted(request.snapshot) { path in try await volumes.replace(name, filledBy: Self.copying(path)) }
    }
  }

  /// `POST /hull/volumes/{name}/rename`.
  package func renameVolume(_ name: String, _ request: VolumeRenameRequest) async throws {
    let volumes = services.volumes
    try await uncancelled { try await volumes.rename(name, to: request.name) }
  }

  /// `GET /hull/volumes/{name}/archive`: writes a tar to a descriptor, which stays the caller's.
  package func exportVolume(_ name: String, to descriptor: Int32) async throws {
    try await services.volumes.withMounted(name) { path in
      try await Blocking.stream {
        let data = try Self.open(path)
        try ArchiveFiles.pack(root: data.number, as: ".", to: descriptor)
      }
    }
  }

  /// `PUT /hull/volumes/{name}/archive`: reads a tar (plain, gzip or zstd) from a descriptor, which stays the caller's, into a new volume;
  /// with `replace` one that is there gets this content instead of its own.
  package func importVolume(_ name: String, replace: Bool, size: String?, labels: [String: String]?, from descriptor: Int32) async throws {
    let volumes = services.volumes
    let fill: VolumeManager.Fill = { data in
      var options = ExtractOptions()
      options.dressesRoot = true
      try ArchiveFiles.extract(from: descriptor, root: data, options: options)
    }
    if volumes.entry(name) != nil {
      guard replace else {
        throw HullError(.conflict, "import \(name): there is a volume \(name) already: replace its content with --replace, or choose another name")
      }
      guard size == nil, labels == nil else { throw HullError(.invalidArgument, "import \(name): a volume that is there keeps its size and labels") }
      return try await volumes.replace(name, filledBy: fill)
    }
    let record = try VolumeWish(name: name, options: size.map { ["size": $0] }, labels: labels).record()
    _ = try await volumes.create(record, filledBy: fill)
  }

  /// `GET /hull/volumes/{name}/usage`.
  package func volumeSpace(_ name: String) async throws -> VolumeSpace {
    let entry = try services.volumes.find(name)
    let directory = services.volumes.directory(name)
    let (usage, kind) = try await services.volumes.withMounted(name) { path in
      try await Blocking.stream {
        let data = try Self.open(path)
        return (try TreeUsage(of: data.number), SizeLimit(directory).kind)
      }
    }
    var space = VolumeSpace()
    (space.name, space.size, space.inodes) = (name, usage.bytes, Int64(usage.inodes))
    space.limit = try entry.record.local.size ?? 0
    space.limitedBy = kind?.rawValue ?? ""
    space.usedBy = entry.users.compactMap { services.registry.container(id: $0)?.view.record.name }.sorted()
    return space
  }

  private static func check(_ name: String, for verb: String) throws(HullError) {
    do { try VolumeName.check(name) } catch { throw HullError(error.code, VolumeManager.reworded(error.message, name, verb)) }
  }

  private static func copying(_ path: String) -> VolumeManager.Fill {
    { data in
      let source = try open(path)
      _ = try TreeClone(from: source.number, to: data).run()
    }
  }

  private static func open(_ path: String) throws(HullError) -> OwnedDescriptor {
    try step("cannot open volume directory \(path)") { () throws(SystemError) in try Files.open(path, O_RDONLY | O_DIRECTORY) }
  }
}
