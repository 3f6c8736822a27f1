// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// Sets resource limits of a process (0: the caller).
enum RlimitSetter {
  /// Returns a warning for each limit that was not asked for by the user and could only be set to the nearest allowed value.
  static func apply(_ limits: [Rlimit], pid: Int32) throws(HullError) -> [String] {
    var warnings: [String] = []
    for limit in limits {
      do { try ResourceLimits.set(limit.resource, soft: limit.soft, hard: limit.hard, pid: pid) } catch {
        let name = name(limit.resource)
        guard error.number == EPERM else { throw HullError("set limit \(name) to \(limit.soft):\(limit.hard)", error) }
        guard !limit.required else {
          throw HullError(
            .forbidden, "cannot raise limit \(name) to \(limit.soft):\(limit.hard): the engine lacks CAP_SYS_RESOURCE; ask for less", cause: error)
        }
        warnings.append(try setNearest(limit, pid: pid, name))
      }
    }
    return warnings
  }

  private static func setNearest(_ limit: Rlimit, pid: Int32, _ name: String) throws(HullError) -> String {
    try step("set limit \(name)") { () throws(SystemError) in
      let allowed = try ResourceLimits.get(limit.resource, pid: pid).hard
      let hard = min(limit.hard, allowed)
      let soft = min(limit.soft, hard)
      try ResourceLimits.set(limit.resource, soft: soft, hard: hard, pid: pid)
      return "limit \(name) is \(soft):\(hard) instead of \(limit.soft):\(limit.hard): the engine lacks CAP_SYS_RESOURCE"
    }
  }

  private static let names = [
    "cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending", "msgqueue", "nice", "rtprio",
    "rttime",
  ]

  private static func name(_ resource: UInt32) -> String { Int(resource) < names.count ? names[Int(resource)] : "\(resource)" }
}

/// How readily the kernel kills the process when memory runs out.
enum OOMScore {
  /// Returns warnings. A score that protects the process more than others is asked for on purpose: a refusal is an error then.
  static func set(_ score: Int32, process: String) throws(HullError) -> [String] {
    do { try Files.write("\(score)", to: "/proc/\(process)/oom_score_adj") } catch {
      guard score >= 0, error.number == EACCES || error.number == EPERM else { throw HullError("set the OOM score to \(score)", error) }
      return ["the OOM score could not be set to \(score): the engine lacks CAP_SYS_RESOURCE"]
    }
    return []
  }
}

/// A label that a security module gives to the program at exec.
struct SecurityLabel {
  let descriptor: Int32
  private let text: String
  private let module: String

  /// Opens the kernel's files while they can be reached; a label for a module that this host does not run is an error.
  static func open(for process: ProcessPlan) throws(HullError) -> [SecurityLabel] {
    var labels: [SecurityLabel] = []
    if let profile = process.apparmorProfile, !profile.isEmpty, profile != "unconfined" {
      guard (try? Files.readText("/sys/module/apparmor/parameters/enabled")) == "Y" else {
        throw HullError(.unavailable, "AppArmor profile \(profile) cannot be used: this host does not run AppArmor")
      }
      let own = access("/proc/self/attr/apparmor/exec", F_OK) == 0
      labels.append(try SecurityLabel(own ? "/proc/self/attr/apparmor/exec" : "/proc/self/attr/exec", "exec \(profile)", "AppArmor"))
    }
    if let label = process.selinuxLabel, !label.isEmpty {
      guard access("/sys/fs/selinux/enforce", F_OK) == 0 else {
        throw HullError(.unavailable, "SELinux label \(label) cannot be used: this host does not run SELinux")
      }
      labels.append(try SecurityLabel("/proc/self/attr/exec", label, "SELinux"))
    }
    return labels
  }

  private init(_ path: String, _ text: String, _ module: String) throws(HullError) {
    self.text = text
    self.module = module
    descriptor = try step("set the \(module) label") { () throws(SystemError) in try Files.open(path, O_WRONLY).take() }
  }

  func set() throws(HullError) {
    defer { close(descriptor) }
    try step("set the \(module) label \(text)") { () throws(SystemError) in try Files.writeAll(descriptor, Array(text.utf8)) }
  }
}

/// Names of linux/capability.h.
enum CapabilityNames {
  private static let names = [
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT",
    "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE",
    "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
    "PERFMON", "BPF", "CHECKPOINT_RESTORE",
  ]

  /// `CAP_…` names of a set, with commas.
  static func list(_ set: UInt64) -> String {
    (0..<64).filter { set >> UInt64($0) & 1 == 1 }.map { $0 < names.count ? "CAP_" + names[$0] : "\($0)" }.joined(separator: ", ")
  }
}
