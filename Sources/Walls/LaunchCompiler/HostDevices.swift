// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// The device nodes of the host, as `--privileged` and `--device` take them into a container.
package enum HostDevices {
  /// Every node below /dev, without ptys, shared memory and the console, which a container has of its own.
  package static func all() -> [RuntimeSpec.Device] { list("/dev", as: "/dev") }

  /// The node at `path` on the host, or, for a directory, the nodes below it; seen at `destination` in the container.
  package static func at(_ path: String, as destination: String) throws(HullError) -> [RuntimeSpec.Device] {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw HullError(.invalidArgument, "error gathering device information while adding custom device \"\(path)\": \(errorText(errno))")
    }
    if status.st_mode & S_IFMT == S_IFDIR { return list(path, as: destination) }
    guard let device = device(status, path: destination) else {
      throw HullError(.invalidArgument, "error gathering device information while adding custom device \"\(path)\": not a device node")
    }
    return [device]
  }

  private static let skippedDirectories: Set<String> = ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"]
  private static let deepest = 8

  private static func list(_ directory: String, as destination: String, depth: Int = 0) -> [RuntimeSpec.Device] {
    guard depth < deepest, let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    var devices: [RuntimeSpec.Device] = []
    for name in names.sorted() where name != "." && name != ".." && !(directory == "/dev" && name == "console") {
      var status = stat()
      // A symbolic link is a name for another node, which is found by itself.
      guard lstat(directory + "/" + name, &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        if !skippedDirectories.contains(name) { devices += list(directory + "/" + name, as: destination + "/" + name, depth: depth + 1) }
      } else if let device = device(status, path: destination + "/" + name) {
        devices.append(device)
      }
    }
    return devices
  }

  private static func device(_ status: stat, path: String) -> RuntimeSpec.Device? {
    let type: String
    switch status.st_mode & S_IFMT {
    case S_IFCHR: type = "c"
    case S_IFBLK: type = "b"
    default: return nil
    }
    let number = UInt64(status.st_rdev)
    let major = (number >> 8) & 0xfff | (number >> 32) & ~0xfff
    let minor = number & 0xff | (number >> 12) & ~0xff
    var device = RuntimeSpec.Device(
      path: path, type: type, major: Int64(major), minor: Int64(truncatingIfNeeded: minor & 0xffff_ffff), fileMode: status.st_mode & 0o7777)
    device.uid = status.st_uid
    device.gid = status.st_gid
    return device
  }
}
