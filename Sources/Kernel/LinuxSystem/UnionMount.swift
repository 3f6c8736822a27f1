// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Union (overlay) mounts that are attached nowhere: no path on the host shows them, and they die with their descriptor.
package enum UnionMount {
  private static let longestValue = 255

  /// The layers `lower` (topmost first) under `upper`; without `upper` the union can only be read.
  ///
  /// Names inside it are reached with `openat` on the returned descriptor. Kernels before 6.5 take all layers in one option: there the
  /// mount is made on `work`'s directory for a moment.
  package static func detached(lower: [String], upper: String? = nil, work: String? = nil) throws(SystemError) -> OwnedDescriptor {
    guard let top = lower.first ?? upper else { throw SystemError(EINVAL, "mount a union of no layers") }
    if lower.isEmpty || (lower.count == 1 && upper == nil) {
      let clone = try Mounts.clone(top, recursive: false)
      if upper == nil { try Mounts.setAttributes(clone.number, set: MountAttribute.readOnly) }
      return clone
    }
    do { return try layerByLayer(lower, upper, work) } catch  where error.number == EINVAL && lowerPlusIsUnknown() {}
    return try atOnce(lower, upper, work)
  }

  private static func layerByLayer(_ lower: [String], _ upper: String?, _ work: String?) throws(SystemError) -> OwnedDescriptor {
    let context = try FileSystemContext("overlay")
    try context.set("source", "overlay")
    for layer in lower { try set(context, "lowerdir+", layer) }
    if let upper, let work {
      try set(context, "upperdir", upper)
      try set(context, "workdir", work)
    }
    return try context.mount(attributes: upper == nil ? MountAttribute.readOnly : 0)
  }

  /// Paths that are too long or hold characters with a meaning to overlayfs go by way of a descriptor.
  private static func set(_ context: borrowing FileSystemContext, _ key: String, _ path: String) throws(SystemError) {
    guard path.utf8.count > longestValue || path.utf8.contains(where: { [0x2c, 0x3a, 0x5c].contains($0) }) else {
      return try context.set(key, path)
    }
    let directory = try Files.open(path, OpenFlag.path | O_DIRECTORY)
    try context.set(key, Files.path(of: directory.number))
  }

  private static func lowerPlusIsUnknown() -> Bool {
    guard let context = try? FileSystemContext("overlay") else { return false }
    do { try context.set("lowerdir+", "/") } catch { return true }
    return false
  }

  /// mount(2) with every layer as `/proc/self/fd/N`, so that all of them fit the one page of options.
  private static func atOnce(_ lower: [String], _ upper: String?, _ work: String?) throws(SystemError) -> OwnedDescriptor {
    var opened: [Int32] = []
    defer { for fd in opened { close(fd) } }
    func reference(_ path: String) throws(SystemError) -> String {
      let fd = try Files.open(path, OpenFlag.path | O_DIRECTORY).take()
      opened.append(fd)
      return Files.path(of: fd)
    }
    var layers: [String] = []
    for layer in lower { layers.append(try reference(layer)) }
    var data = "lowerdir=" + layers.joined(separator: ":")
    var place = layers[0]
    if let upper, let work {
      place = try reference(work)
      data += ",upperdir=\(try reference(upper)),workdir=\(place)"
    }
    try Mounts.mount("overlay", on: place, type: "overlay", flags: upper == nil ? MountFlag.readOnly : 0, data: data)
    defer { try? Mounts.unmount(upper == nil ? lower[0] : work ?? "") }
    return try Mounts.clone(upper == nil ? lower[0] : work ?? "", recursive: false)
  }
}
