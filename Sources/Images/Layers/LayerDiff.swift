// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// What a container's own directory changes against the layers below it.
package enum LayerDiff {
  package enum Kind: UInt8, Sendable { case modified = 0, added = 1, deleted = 2 }

  package struct Change: Sendable, Hashable {
    /// Absolute within the container.
    package let path: String
    package let kind: Kind
  }

  /// Where a container's mounts lie: empty files and directories there are no changes of the container's.
  package static let mountPoints: Set<String> = [
    "/.dockerenv", "/dev", "/dev/console", "/dev/mqueue", "/dev/pts", "/dev/shm", "/etc/hostname", "/etc/hosts", "/etc/mtab",
    "/etc/resolv.conf", "/proc", "/sys",
  ]

  /// `docker diff`: sorted by path. A directory is there when it was changed itself or something in it was.
  /// - Parameters:
  ///   - upper: the container's directory of the union
  ///   - lowers: the layers below, topmost first
  package static func changes(upper: String, lowers: [String]) throws(HullError) -> [Change] {
    var comparison = try LayerComparison(upper: upper, lowers: lowers)
    return try comparison.run()
  }

  /// `docker commit`: the container's directory as a layer archive.
  /// - Parameters:
  ///   - mountPoints: places that are left out when nothing is in them.
  ///   - leavingOut: more such places.
  ///   - around: directories, as they are below, that are left out when nothing but such places is in them.
  ///   - latest: nanoseconds since 1970: later times of files become this one.
  /// - Returns: bytes of regular files.
  @discardableResult
  package static func write(
    upper: Int32, to sink: any ByteSink, mountPoints: Set<String> = LayerDiff.mountPoints, leavingOut: Set<String> = [], around: Set<String> = [],
    latest: Int64? = nil
  ) throws(HullError) -> Int64 {
    let buffered = BufferedSink(sink)
    let writer = TarWriter(buffered)
    var options = TreePacker.Options()
    options.whiteouts = true
    options.leaveOutEmpty = mountPoints.union(leavingOut)
    options.leaveOutAround = around
    options.latest = latest.map { $0 / 1_000_000_000 }
    let packer = TreePacker(root: upper, writer: writer, options: options)
    try packer.pack([], as: [])
    try writer.finish()
    try buffered.flush()
    return packer.size
  }
}
