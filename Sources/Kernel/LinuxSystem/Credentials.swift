// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// The capability sets of the calling thread; bit n is capability n of linux/capability.h.
package enum Capabilities {
  /// What the thread may raise to effective.
  package static func permitted() throws(SystemError) -> UInt64 {
    var sets: (UInt64, UInt64, UInt64) = (0, 0, 0)
    try checked("capget") { hull_capget(&sets.0, &sets.1, &sets.2) }
    return sets.1
  }

  package static func set(effective: UInt64, permitted: UInt64, inheritable: UInt64) throws(SystemError) {
    try checked("capset") { hull_capset(effective, permitted, inheritable) }
  }

  /// The bounding set; what the kernel does not know is not in it.
  package static func bounding() -> UInt64 {
    var set: UInt64 = 0
    for capability in UInt(0)..<64 {
      let result = hull_prctl(ProcessOption.readBounding, capability, 0, 0, 0)
      if result < 0 { break }
      if result == 1 { set |= 1 << UInt64(capability) }
    }
    return set
  }

  /// Takes everything that is not in `keep` out of the bounding set.
  package static func limitBounding(to keep: UInt64) throws(SystemError) {
    for capability in UInt(0)..<64 where keep >> UInt64(capability) & 1 == 0 {
      if hull_prctl(ProcessOption.dropBounding, capability, 0, 0, 0) == 0 { continue }
      if errno == EINVAL { return }  // beyond the last capability of this kernel
      throw SystemError(errno, "drop capability \(capability) from the bounding set")
    }
  }

  /// Replaces the ambient set: each must be permitted and inheritable.
  package static func setAmbient(_ set: UInt64) throws(SystemError) {
    try checked("clear the ambient capabilities") { hull_prctl(ProcessOption.ambient, 4, 0, 0, 0) }
    for capability in UInt(0)..<64 where set >> UInt64(capability) & 1 == 1 {
      try checked("raise ambient capability \(capability)") { hull_prctl(ProcessOption.ambient, 2, capability, 0, 0) }
    }
  }
}

/// User and group identities of the calling thread.
package enum Identity {
  package static func setGroups(_ groups: [UInt32]) throws(SystemError) {
    try checked("setgroups") { groups.withUnsafeBufferPointer { hull_setgroups($0.count, $0.baseAddress) } }
  }

  package static func set(uid: UInt32, gid: UInt32) throws(SystemError) {
    try checked("setgid \(gid)") { hull_setresgid(gid, gid, gid) }
    try checked("setuid \(uid)") { hull_setresuid(uid, uid, uid) }
  }
}

/// Resource limits; `pid` 0 is the caller.
package enum ResourceLimits {
  package static func get(_ resource: UInt32, pid: Int32 = 0) throws(SystemError) -> (soft: UInt64, hard: UInt64) {
    var limit: (soft: UInt64, hard: UInt64) = (0, 0)
    try checked("getrlimit") { hull_getrlimit(pid, resource, &limit.soft, &limit.hard) }
    return limit
  }

  package static func set(_ resource: UInt32, soft: UInt64, hard: UInt64, pid: Int32 = 0) throws(SystemError) {
    try checked("setrlimit") { hull_setrlimit(pid, resource, soft, hard) }
  }
}

/// Keyrings and system call filters of the calling thread.
package enum Confinement {
  /// Leaves the session keyring of whoever started us, so that a workload cannot read the host's keys.
  package static func newSessionKeyring() throws(SystemError) {
    try checked("keyctl") { hull_new_session_keyring() }
  }

  /// Installs a seccomp filter: an array of `struct sock_filter`, with `SECCOMP_FILTER_FLAG_*`.
  package static func installFilter(_ program: [UInt8], flags: UInt32) throws(SystemError) {
    guard program.count % 8 == 0, program.count / 8 <= Int(UInt16.max) else { throw SystemError(EINVAL, "seccomp") }
    try checked("seccomp") { program.withUnsafeBytes { hull_seccomp_filter($0.baseAddress, $0.count, flags) } }
  }
}
