// SPDX-License-Identifier: Apache-2.0

/// Linux capabilities by number (capabilities(7)).
enum Capabilities {
  static let names = [
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
    "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN",
    "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE",
    "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
  ]

  /// Those missing from a set as `/proc/PID/status` shows it, in hexadecimal.
  static func missing(from hexadecimal: String, known: Int) -> [String] {
    let set = UInt64(hexadecimal, radix: 16) ?? 0
    return names.prefix(known).enumerated().filter { set & 1 << UInt64($0.offset) == 0 }.map { "CAP_" + $0.element }
  }
}
