// SPDX-License-Identifier: Apache-2.0
import Archive
import DockerAPI
import EngineStore
import Errors
import Glibc
import LinuxSystem
import Threads

extension Engine {
  /// `GET /containers/{id}/export`: writes a tar to a descriptor, which stays the caller's.
  package func exportContainer(_ reference: String, to descriptor: Int32) async throws {
    let container = try find(reference)
    let root = try await container.layersRoot()
    try await Blocking.stream { try root.whole { (root) throws(HullError) in try ArchiveFiles.pack(root: root, to: descriptor) } }
    await container.event("export")
  }

  /// `HEAD /containers/{id}/archive`.
  package func statPath(_ reference: String, path: String) async throws -> PathStat {
    let root = try await find(reference).root()
    return try await Blocking.run { try Engine.stat(root, path, reference) }
  }

  /// `GET /containers/{id}/archive`.
  package func readArchive(_ reference: String, path: String) async throws -> ArchiveSource {
    let container = try find(reference)
    let root = try await container.root()
    let stat = try await Blocking.run { try Engine.stat(root, path, reference) }
    await container.event("archive-path")
    return ArchiveSource(
      stat: stat,
      writer: { descriptor in
        try await Blocking.stream {
          try root.locate(path) { (root, path) throws(HullError) in
            try ContainerPath.pack(root: root, path: path, name: stat.name, to: descriptor)
          }
        }
      })
  }

  /// `PUT /containers/{id}/archive`: reads a tar from a descriptor, which stays the caller's.
  package func writeArchive(
    _ reference: String, path: String, noOverwriteDirNonDir: Bool, copyUIDGID: Bool, from descriptor: Int32
  ) async throws {
    let container = try find(reference)
    let view = container.view
    let root = try await container.root()
    try await Blocking.stream {
      var options = ExtractOptions()
      options.followsLinks = true
      options.keepsKinds = noOverwriteDirNonDir
      if copyUIDGID, !view.config.user.isEmpty { options.owner = try Engine.owner(root, view.config.user) }
      if view.host.readonlyRootfs, !view.record.definition.mounts.contains(where: { CleanPath.contains($0.destination, CleanPath.clean("/" + path)) })
      {
        throw HullError(.forbidden, "container rootfs is marked read-only")
      }
      let final = options
      try root.locate(path, writable: true) { (root, path) throws(HullError) in
        try Engine.checkDirectory(root, path, reference)
        try ArchiveFiles.extract(from: descriptor, root: root, base: CleanPath.clean("/" + path), options: final)
      }
    }
    await container.event("extract-to-dir")
  }

  private static func stat(_ root: ContainerRoot, _ path: String, _ reference: String) throws(HullError) -> PathStat {
    guard !path.isEmpty else { throw HullError(.invalidArgument, "bad parameter: 'path' cannot be empty") }
    return try root.locate(path) { (directory, rest) throws(HullError) in
      try ContainerPath.stat(root: directory, path: rest, name: name(of: path), container: reference)
    }
  }

  /// The last part as the client wrote it: `.` for a path that ends in one.
  private static func name(of path: String) -> String { path.hasSuffix("/.") || path == "." ? "." : CleanPath.base(CleanPath.clean("/" + path)) }

  private static func checkDirectory(_ root: Int32, _ path: String, _ reference: String) throws(HullError) {
    do throws(SystemError) { _ = try InRoot.open(root, CleanPath.clean("/" + path), OpenFlag.path | O_DIRECTORY) } catch {
      switch error.number {
      case ENOENT: throw HullError(.notFound, "Could not find the file \(path) in container \(reference)")
      case ENOTDIR: throw HullError(.invalidArgument, "extraction point is not a directory")
      default: throw HullError("cannot open \(path) in container \(reference)", error)
      }
    }
  }

  private static func owner(_ root: ContainerRoot, _ user: String) throws(HullError) -> ExtractOptions.Owner {
    let found = try root.whole { (root) throws(HullError) in try UserLookup(root: root).user(user) }
    return ExtractOptions.Owner(uid: found.uid ?? 0, gid: found.gid ?? 0)
  }
}

extension Container {
  /// What its first process sees or, when it does not run, what it would see.
  func root() async throws -> ContainerRoot {
    let running = state.status == .running || state.status == .paused
    return try await openRoot(pid: running ? pid : 0, mounts: record.definition.mounts)
  }

  /// Its layers alone, without anything mounted on them; to be read only.
  func layersRoot() async throws -> ContainerRoot {
    let (lower, layer) = (try await layers(), layer)
    return try await Blocking.run { try ContainerRoot(reading: lower, layer: layer) }
  }

  private func openRoot(pid: Int32, mounts: [MountRecord]) async throws -> ContainerRoot {
    let (lower, layer) = (try await layers(), layer)
    let root = try await Blocking.run { try ContainerRoot(pid: pid, lower: lower, layer: layer, mounts: mounts) }
    // The number may by now be another process's.
    guard pid == 0 || self.pid == pid else { throw notRunning() }
    return root
  }
}
