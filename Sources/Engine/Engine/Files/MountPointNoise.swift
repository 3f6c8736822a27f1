// SPDX-License-Identifier: Apache-2.0
import Layers

/// Leaves out of `docker diff` what only the engine has made: empty places for its own mounts.
enum MountPointNoise {
  private static let own: Set<String> = ["/.dockerenv", "/dev", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/proc", "/sys"]

  static func removed(from changes: [LayerDiff.Change]) -> [LayerDiff.Change] {
    let rest = changes.filter { change in !own.contains { CleanPath.contains($0, change.path) } }
    if rest.count == changes.count { return rest }
    // /etc counts as modified only when something else in it is.
    return rest.filter { change in
      guard change.path == "/etc", change.kind == .modified else { return true }
      return rest.contains { $0.path.hasPrefix("/etc/") }
    }
  }
}
