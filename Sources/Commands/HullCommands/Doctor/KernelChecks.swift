// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What the kernel offers, read from /proc and /sys; nothing is changed.
enum KernelChecks {
  static func all() -> [Finding] {
    [kernel(), namespaces(), userNamespaces(), overlay(), cgroups(), seccomp(), capabilities(), security()]
  }

  private static func kernel() -> Finding {
    var name = utsname()
    uname(&name)
    let release = withUnsafePointer(to: &name.release) { $0.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) } }
    let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
    let version = (numbers.first ?? 0) * 1000 + (numbers.count > 1 ? numbers[1] : 0)
    if version < 5006 {
      return .fail("kernel", release, "openat2(2) and clone3(2) are needed: Linux 5.6 or newer", fix: "apt-get install linux-image-amd64 && reboot")
    }
    if version < 5011 {
      return .warn(
        "kernel", release, "close_range(2) and newer mount calls are missing: starts are slower", fix: "apt-get install linux-image-amd64 && reboot")
    }
    return .ok("kernel", release)
  }

  private static func namespaces() -> Finding {
    let wanted = ["mnt", "pid", "net", "ipc", "uts", "cgroup", "user"]
    let missing = wanted.filter { !Files.exists("/proc/self/ns/\($0)") }
    if missing.isEmpty { return .ok("namespaces", wanted.joined(separator: " ")) }
    return .fail("namespaces", "missing: \(missing.joined(separator: " "))", "the kernel was built without them", fix: "use a distribution's kernel")
  }

  private static func userNamespaces() -> Finding {
    if Text.trimmed(Files.text("/proc/sys/user/max_user_namespaces") ?? "0") == "0" {
      return .warn(
        "user namespaces", "none may be made", "--userns and rootless workloads do not work", fix: "sysctl -w user.max_user_namespaces=15000")
    }
    if Text.trimmed(Files.text("/proc/sys/kernel/unprivileged_userns_clone") ?? "1") == "0" {
      return .warn(
        "user namespaces", "only root may make them", "programs inside containers cannot make user namespaces of their own",
        fix: "sysctl -w kernel.unprivileged_userns_clone=1")
    }
    return .ok("user namespaces", "available")
  }

  private static func overlay() -> Finding {
    if (Files.text("/proc/filesystems") ?? "").contains("\toverlay\n") { return .ok("overlayfs", "available") }
    let release = Text.trimmed(Files.text("/proc/sys/kernel/osrelease") ?? "")
    if (Files.text("/lib/modules/\(release)/modules.dep") ?? "").contains("/overlay.ko") {
      return .warn(
        "overlayfs", "module not loaded", "it is loaded when the first container starts, if hulld may load modules", fix: "modprobe overlay")
    }
    return .fail("overlayfs", "missing", "images cannot be stacked into a root file system", fix: "modprobe overlay")
  }

  private static func cgroups() -> Finding {
    let wanted = ["cpu", "memory", "pids", "cpuset"]
    let mounts = (Files.text("/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap { line -> (type: String, options: String)? in
      let parts = line.split(separator: " ").map(String.init)
      guard let dash = parts.firstIndex(of: "-"), parts.count > dash + 3 else { return nil }
      return (parts[dash + 1], parts[dash + 3])
    }
    let legacy = Set(mounts.filter { $0.type == "cgroup" }.flatMap { Text.split($0.options, ",") })
    let hasUnified = mounts.contains { $0.type == "cgroup2" }
    let unified = Set((Files.text("/sys/fs/cgroup/cgroup.controllers") ?? "").split(whereSeparator: \.isWhitespace).map(String.init))
    let mode = legacy.isEmpty ? "v2" : hasUnified ? "hybrid (v1 controllers)" : "v1"
    guard hasUnified || !legacy.isEmpty else {
      return .fail("cgroups", "not mounted", "limits, freezing and counting need them", fix: "mount -t cgroup2 none /sys/fs/cgroup")
    }
    let missing = wanted.filter { !legacy.contains($0) && !unified.contains($0) }
    let found = "\(mode): \(wanted.filter { !missing.contains($0) }.joined(separator: " "))"
    if missing.isEmpty { return .ok("cgroups", found) }
    let fix = missing.contains("memory") ? "add cgroup_enable=memory to the kernel's command line" : ""
    return .warn("cgroups", "\(found); missing: \(missing.joined(separator: " "))", "limits of these kinds have no effect", fix: fix)
  }

  private static func seccomp() -> Finding {
    if Files.exists("/proc/sys/kernel/seccomp/actions_avail") { return .ok("seccomp", "filters available") }
    return .fail("seccomp", "missing", "the kernel was built without CONFIG_SECCOMP_FILTER", fix: "use a distribution's kernel")
  }

  private static func capabilities() -> Finding {
    guard getuid() == 0 else {
      return .warn("capabilities", "not root", "hulld needs root; run 'hull doctor' as root to see everything", fix: "sudo hull doctor")
    }
    let status = (Files.text("/proc/self/status") ?? "").split(separator: "\n")
    let held = status.first { $0.hasPrefix("CapBnd:") }.map { Text.trimmed($0.dropFirst(7)) } ?? "0"
    let last = Int(Text.trimmed(Files.text("/proc/sys/kernel/cap_last_cap") ?? "40")) ?? 40
    let missing = Capabilities.missing(from: held, known: last + 1)
    if missing.isEmpty { return .ok("capabilities", "root has all of them") }
    let found = "root lacks \(missing.joined(separator: " "))"
    let essential = missing.filter { ["CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_SYS_CHROOT", "CAP_MKNOD", "CAP_SETPCAP"].contains($0) }
    if !essential.isEmpty { return .fail("capabilities", found, "containers cannot be made without \(essential.joined(separator: " "))") }
    if missing.contains("CAP_SYS_RESOURCE") {
      return .warn("capabilities", found, "resource limits cannot be raised: hulld keeps the inherited ones and says so when a raise was asked for")
    }
    return .warn("capabilities", found, "--privileged and --cap-add cannot give what root does not have")
  }

  private static func security() -> Finding {
    let modules = Text.trimmed(Files.text("/sys/kernel/security/lsm") ?? "")
    return .ok("security modules", modules.isEmpty ? "none" : modules)
  }
}
