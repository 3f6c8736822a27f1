// SPDX-License-Identifier: Apache-2.0
import Glibc

// What Linux has and the Glibc module does not show without _GNU_SOURCE (linux/fcntl.h, spawn.h, sys/sysmacros.h, socket(7)).

enum GNU {
  /// `O_PATH`
  static let openPath: Int32 = 0o10_000_000
  /// `POSIX_SPAWN_SETSID`
  static let spawnSession: Int16 = 0x80

  /// The process on the other end of a unix socket.
  struct PeerCredentials {
    var pid: pid_t = 0
    var uid: uid_t = 0
    var gid: gid_t = 0
  }

  /// A pipe that children do not inherit; `nil` when there are no descriptors left.
  static func pipe(nonBlocking: Bool = false) -> (read: Int32, write: Int32)? {
    var ends: [Int32] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else { return nil }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      if nonBlocking { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    }
    return (ends[0], ends[1])
  }

  static func major(_ device: UInt64) -> UInt32 { UInt32(device >> 8 & 0xFFF | device >> 32 & 0xFFFF_F000) }
  static func minor(_ device: UInt64) -> UInt32 { UInt32(device & 0xFF | device >> 12 & 0xFFFF_FF00) }
  static func device(_ major: UInt32, _ minor: UInt32) -> UInt64 {
    let (major, minor) = (UInt64(major), UInt64(minor))
    return (major & 0xFFF) << 8 | (major & 0xFFFF_F000) << 32 | minor & 0xFF | (minor & 0xFFFF_FF00) << 12
  }
}
