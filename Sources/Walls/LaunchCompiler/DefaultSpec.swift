// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// What Docker gives a container that asks for nothing: the parts of a configuration, for the engine to compose.
package enum DefaultSpec {
  /// Docker's fourteen.
  package static let capabilities = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP",
    "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
  ]

  package static let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  package static let maskedPaths = [
    "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
    "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
  ]

  package static let readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

  /// Bytes of /dev/shm.
  package static let shmSize: Int64 = 64 << 20

  /// Kernel settings for a network namespace of the container's own: low ports and ping for everybody in it.
  package static let networkSysctls = ["net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647"]

  /// The mounts of every container. Privileged ones may write to /sys and to the control groups.
  ///
  /// `shmSize`: bytes; `nil` leaves /dev/shm to the caller (`--ipc host`, `--ipc container:…`).
  package static func mounts(privileged: Bool = false, shmSize: Int64? = shmSize) -> [RuntimeSpec.Mount] {
    let access = privileged ? [] : ["ro"]
    let safe = ["nosuid", "noexec", "nodev"]
    var mounts = [
      RuntimeSpec.Mount(destination: "/proc", type: "proc", source: "proc", options: safe),
      RuntimeSpec.Mount(destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
      RuntimeSpec.Mount(
        destination: "/dev/pts", type: "devpts", source: "devpts",
        options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
      RuntimeSpec.Mount(destination: "/sys", type: "sysfs", source: "sysfs", options: safe + access),
      RuntimeSpec.Mount(destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: access + safe),
      RuntimeSpec.Mount(destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: safe),
    ]
    if let shmSize {
      mounts.append(RuntimeSpec.Mount(destination: "/dev/shm", type: "tmpfs", source: "shm", options: safe + ["mode=1777", "size=\(shmSize)"]))
    }
    return mounts
  }

  /// Nothing but the standard devices; the compiler adds those that every container has. Privileged: everything.
  package static func deviceRules(privileged: Bool = false) -> [RuntimeSpec.DeviceRule] {
    if privileged { return [RuntimeSpec.DeviceRule(allow: true)] }
    return [RuntimeSpec.DeviceRule(allow: false)]
      + [(1, 5), (1, 3), (1, 9), (1, 8), (5, 0), (5, 1)].map { RuntimeSpec.DeviceRule(allow: true, type: "c", major: $0.0, minor: $0.1) }
      + [RuntimeSpec.DeviceRule(allow: false, type: "c", major: 10, minor: 229)]
  }

  /// The five namespaces of every container; the engine leaves out, or gives a path to, those that are shared.
  package static let namespaces = ["mount", "uts", "ipc", "pid", "network"].map { RuntimeSpec.Namespace($0) }

  /// The sets of a process that holds `names`, as Docker sets them: nothing inheritable, nothing ambient; a user other than root gets them
  /// only in the bounding set (the kernel takes the others away at the change of user).
  package static func capabilitySets(_ names: [String]) -> RuntimeSpec.Capabilities {
    var sets = RuntimeSpec.Capabilities()
    sets.bounding = names
    sets.effective = names
    sets.permitted = names
    return sets
  }

  /// A whole configuration for `args` in the root directory `root`, with Docker's defaults and without seccomp filter.
  package static func spec(args: [String], root: String, privileged: Bool = false) -> RuntimeSpec {
    var spec = RuntimeSpec()
    var process = RuntimeSpec.Process(args: args, env: [path])
    process.user = RuntimeSpec.User()
    process.capabilities = capabilitySets(privileged ? CapabilityNames.names : capabilities)
    spec.process = process
    spec.root = RuntimeSpec.Root(path: root)
    spec.mounts = mounts(privileged: privileged)
    var linux = RuntimeSpec.Linux()
    linux.namespaces = namespaces
    var resources = RuntimeSpec.Resources()
    resources.devices = deviceRules(privileged: privileged)
    linux.resources = resources
    if privileged {
      linux.devices = HostDevices.all()
    } else {
      linux.maskedPaths = maskedPaths
      linux.readonlyPaths = readonlyPaths
    }
    spec.linux = linux
    return spec
  }
}
