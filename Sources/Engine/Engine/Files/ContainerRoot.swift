// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import Glibc
import LinuxSystem

/// A container's file system as it looks from inside, for as long as this value lives. Blocking.
///
/// Of a running container it is what its first process sees; of another the union of its layers, with the sources of its binds and volumes.
final class ContainerRoot: Sendable {
  private let root: Int32
  private let mounts: [MountRecord]

  /// `pid`: the first process of a running container, 0 of another.
  init(pid: Int32, lower: [String], layer: WritableLayer, mounts: [MountRecord]) throws(HullError) {
    if pid > 0 {
      root = try step("cannot open the container's root") { () throws(SystemError) in
        try Files.open("/proc/\(pid)/root", OpenFlag.path | O_DIRECTORY).take()
      }
      self.mounts = []
    } else {
      try ContainerDirectories(layer).make()
      root = try step("cannot mount the container's layers") { () throws(SystemError) in
        try UnionMount.detached(lower: lower, upper: layer.upper, work: layer.work).take()
      }
      self.mounts = mounts.filter { $0.kind != .tmpfs }
    }
  }

  /// The union of the layers as it is now, whether or not the container runs: its own layer is read as one more of those below.
  init(reading lower: [String], layer: WritableLayer) throws(HullError) {
    try ContainerDirectories(layer).make()
    root = try step("cannot mount the container's layers") { () throws(SystemError) in try UnionMount.detached(lower: [layer.upper] + lower).take() }
    mounts = []
  }

  deinit { close(root) }

  /// A place in the container: a directory to start from, and what is left of the path below it. `writable` refuses what is mounted read-only.
  func locate<Result>(
    _ path: String, writable: Bool = false, _ body: (_ root: Int32, _ path: String) throws(HullError) -> Result
  ) throws(HullError) -> Result {
    let clean = CleanPath.clean("/" + path)
    let mount = mounts.filter { CleanPath.contains($0.destination, clean) }.max { $0.destination.utf8.count < $1.destination.utf8.count }
    guard let mount else { return try body(root, path) }
    guard mount.writable || !writable else { throw HullError(.forbidden, "container rootfs is marked read-only: \(mount.destination)") }
    let base = try step("cannot open \(mount.source)") { () throws(SystemError) in try Files.open(mount.source, OpenFlag.path) }
    let status = try step("cannot open \(mount.source)") { () throws(SystemError) in try Files.status(of: base.number) }
    guard status.isDirectory else {
      // A single file is bound: it is looked up in its own directory.
      let parent = try step("cannot open \(mount.source)") { () throws(SystemError) in
        try Files.open(CleanPath.clean(mount.source + "/.."), OpenFlag.path | O_DIRECTORY)
      }
      return try body(parent.number, "/" + CleanPath.base(mount.source))
    }
    let rest = String(clean.dropFirst(mount.destination.utf8.count))
    return try body(base.number, rest.isEmpty ? "/" : path.hasSuffix("/") || path.hasSuffix("/.") ? rest + "/." : rest)
  }

  /// The whole tree.
  func whole<Result>(_ body: (Int32) throws(HullError) -> Result) throws(HullError) -> Result { try body(root) }
}
