// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch
import OCISpec

/// The names of Linux's capabilities.
package enum CapabilityNames {
  /// In the order of their numbers (linux/capability.h).
  package static let names = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
    "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
  ]

  /// Names as bits. Names that are not known are skipped, as runc does: a bundle may be newer than the runtime.
  package static func mask(_ names: [String]) -> UInt64 {
    names.reduce(0) { mask, name in
      guard let number = self.names.firstIndex(of: name.uppercased()) else { return mask }
      return mask | 1 << UInt64(number)
    }
  }

  /// The sets of a process in the form of a launch plan; without any, none.
  package static func sets(_ capabilities: RuntimeSpec.Capabilities?) -> CapabilitySets {
    var sets = CapabilitySets()
    guard let capabilities else { return sets }
    sets.bounding = mask(capabilities.bounding ?? [])
    sets.effective = mask(capabilities.effective ?? [])
    sets.permitted = mask(capabilities.permitted ?? [])
    sets.inheritable = mask(capabilities.inheritable ?? [])
    // The kernel keeps a capability ambient only while it is permitted and inheritable.
    sets.ambient = mask(capabilities.ambient ?? []) & sets.permitted & sets.inheritable
    return sets
  }

  /// Docker's reading of `--cap-add`, `--cap-drop` and `--privileged`: the names that the container holds, in the order of their numbers.
  ///
  /// Names go with or without `CAP_`, in any case; `ALL` is every one.
  package static func docker(add: [String], drop: [String], privileged: Bool) throws(HullError) -> [String] {
    let added = try normalized(add, option: "CapAdd")
    let dropped = try normalized(drop, option: "CapDrop")
    if privileged { return names }
    var held: Set<String>
    if added.contains(all) {
      held = Set(names).subtracting(dropped)
    } else if dropped.contains(all) {
      held = added
    } else {
      held = Set(DefaultSpec.capabilities).subtracting(dropped).union(added)
    }
    held.remove(all)
    return names.filter(held.contains)
  }

  private static let all = "ALL"

  private static func normalized(_ list: [String], option: String) throws(HullError) -> Set<String> {
    var result: Set<String> = []
    for item in list {
      let upper = item.uppercased()
      let name = upper == all || upper.hasPrefix("CAP_") ? upper : "CAP_" + upper
      guard name == all || names.contains(name) else {
        throw HullError(.invalidArgument, "invalid \(option): unknown capability: \"\(name)\"")
      }
      result.insert(name)
    }
    return result
  }
}
