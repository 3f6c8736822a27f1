// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The file system that holds images and containers.
enum StorageChecks {
  private struct Mount {
    var point: String
    var type: String
    var options: [String]
  }

  static func all(root: String) -> [Finding] {
    var place = Paths.absolute(root, from: Environment.workingDirectory)
    while !Files.exists(place), place != "/" { place = Paths.split(place).parent }
    return [space(place), fileSystem(place)]
  }

  private static func space(_ place: String) -> Finding {
    var info = statvfs()
    guard statvfs(place, &info) == 0 else { return .warn("disk space", "unknown", "\(place): \(errorText())") }
    let free = Double(info.f_bavail) * Double(info.f_frsize)
    let found = "\(Units.size(free, precision: 3)) free at \(place)"
    if free < 500e6 {
      return .fail("disk space", found, "too little for images and containers", fix: "free space, or choose another place with hulld --root")
    }
    if free < 5e9 || (info.f_files > 0 && info.f_favail < 50000) {
      return .warn("disk space", found, "larger images will not fit", fix: "hull system prune, or choose another place with hulld --root")
    }
    return .ok("disk space", found)
  }

  private static func fileSystem(_ place: String) -> Finding {
    guard let mount = mount(of: place) else { return .warn("file system", "unknown", "\(place) is on no mount in /proc/self/mountinfo") }
    let quota = mount.options.contains("prjquota") || mount.options.contains("pquota")
    let found = "\(mount.type) at \(mount.point)" + (quota ? ", project quotas" : "")
    switch mount.type {
    case "overlay":
      return .fail(
        "file system", found, "a union file system cannot be stacked on another one",
        fix: "mount a disk, a volume or a tmpfs at \(place), or choose another place with hulld --root")
    case "nfs", "nfs4", "cifs", "9p", "fuse", "vfat", "ecryptfs":
      return .fail("file system", found, "it cannot hold the writable layer of a union", fix: "choose a local ext4, xfs or btrfs with hulld --root")
    case "tmpfs", "ramfs":
      return .warn("file system", found, "images and containers are lost at the next boot", fix: "choose a disk with hulld --root")
    default: break
    }
    if !givesTypes(place) {
      return .fail(
        "file system", found, "directory entries have no type (d_type)", fix: "mkfs.xfs -n ftype=1, or choose another file system with hulld --root")
    }
    if quota || mount.type == "btrfs" { return .ok("file system", found) }
    return .ok("file system", found + ", no project quotas (--storage-opt size has no effect)")
  }

  /// The last mount whose point is the longest prefix of the path.
  private static func mount(of path: String) -> Mount? {
    var best: Mount?
    for line in (Files.text("/proc/self/mountinfo") ?? "").split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 3 else { continue }
      let point = Text.replacing(words[4], "\\040", with: " ")
      guard path == point || path.hasPrefix(point == "/" ? "/" : point + "/"), point.count >= best?.point.count ?? 0 else { continue }
      best = Mount(point: point, type: words[dash + 1], options: Text.split(words[5], ",") + Text.split(words[dash + 3], ","))
    }
    return best
  }

  private static func givesTypes(_ path: String) -> Bool {
    guard let directory = opendir(path) else { return true }
    defer { closedir(directory) }
    guard let entry = readdir(directory) else { return true }
    return entry.pointee.d_type != 0
  }
}
