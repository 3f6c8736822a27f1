// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Glibc
import LinuxSystem

/// Looks into a running container to see whether a mount is there. Blocking.
struct MountPresence {
  /// The container's first process.
  let pid: Int32

  func has(_ mount: MountRecord) -> Bool { (try? isMounted(mount)) ?? false }

  private func isMounted(_ mount: MountRecord) throws(SystemError) -> Bool {
    let root = try Files.open("/proc/\(pid)/root", OpenFlag.path | O_DIRECTORY)
    let place = try InRoot.open(root.number, mount.destination, OpenFlag.path)
    let parent = try InRoot.open(root.number, CleanPath.clean(mount.destination + "/.."), OpenFlag.path)
    guard Self.mountID(place.number) != Self.mountID(parent.number) else { return false }
    switch mount.kind {
    case .tmpfs: return try Files.fileSystemType(of: place.number) == FileSystemType.tmpfs
    case .image: return try Files.fileSystemType(of: place.number) == FileSystemType.overlay
    case .bind, .volume:
      let (there, here) = (try Files.status(of: place.number), try Files.status(mount.source + (mount.subpath.isEmpty ? "" : "/" + mount.subpath)))
      return there.st_dev == here.st_dev && there.st_ino == here.st_ino
    }
  }

  /// Which mount a descriptor is on (proc(5), fdinfo).
  private static func mountID(_ descriptor: Int32) -> Substring? {
    let lines = HostFiles.text("/proc/self/fdinfo/\(descriptor)")?.split(separator: "\n") ?? []
    return lines.first { $0.hasPrefix("mnt_id:") }?.dropFirst("mnt_id:".count)
  }
}
