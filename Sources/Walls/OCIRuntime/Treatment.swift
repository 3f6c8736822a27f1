// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// How the kernel is to treat a process: scheduler, input and output priority, CPUs, personality.
///
/// A process inherits these from the one that launches it, so they are set on ourselves before the launch.
struct Treatment {
  private let scheduler: RuntimeSpec.Scheduler?
  private let policy: UInt32
  private static let deadlinePolicy: UInt32 = 6

  /// Takes the caller's own attributes to those of `process`.
  ///
  /// - Parameter personality: `LINUX` or `LINUX32` (`linux.personality.domain`).
  /// - Parameter affinity: of an exec.
  init(_ process: RuntimeSpec.Process, personality: String?, affinity: RuntimeSpec.CPUAffinity? = nil) throws(HullError) {
    scheduler = process.scheduler
    policy =
      try process.scheduler.map { scheduler throws(HullError) in try Self.number(scheduler.policy, in: Self.policies, "scheduler policy") } ?? 0
    if policy != Self.deadlinePolicy { try setScheduler(of: 0) }
    if let priority = process.ioPriority { try Self.set(priority) }
    if let list = affinity?.final ?? affinity?.initial { try Self.set(cpus: list) } else { Self.unbind() }
    switch personality {
    case nil, "LINUX": break
    case "LINUX32": try system { () throws(SystemError) in try checked("personality LINUX32") { hull_personality(8) } }
    case .some(let domain): throw HullError(.invalidArgument, "invalid personality domain \(domain)")
    }
  }

  /// What cannot be inherited: a process under SCHED_DEADLINE may not fork.
  func complete(_ pid: Int32) throws(HullError) {
    if policy == Self.deadlinePolicy { try setScheduler(of: pid) }
  }

  private func setScheduler(of pid: Int32) throws(HullError) {
    guard let scheduler else { return }
    var flags: UInt64 = 0
    for name in scheduler.flags ?? [] { flags |= UInt64(try Self.number(name, in: Self.flags, "scheduler flag")) }
    try system { () throws(SystemError) in
      try checked("set the scheduler \(scheduler.policy)") {
        hull_sched_setattr(
          pid, policy, flags, scheduler.nice ?? 0, UInt32(clamping: scheduler.priority ?? 0), scheduler.runtime ?? 0, scheduler.deadline ?? 0,
          scheduler.period ?? 0)
      }
    }
  }

  private static func set(_ priority: RuntimeSpec.IOPriority) throws(HullError) {
    let kind = try number(priority.class, in: ["IOPRIO_CLASS_RT": 1, "IOPRIO_CLASS_BE": 2, "IOPRIO_CLASS_IDLE": 3], "I/O priority class")
    let level = priority.priority ?? 0
    guard (0...7).contains(level) else { throw HullError(.invalidArgument, "I/O priority \(level) is out of range (0…7)") }
    try system { () throws(SystemError) in try checked("set the I/O priority") { hull_ioprio_set(Int32(kind), Int32(level)) } }
  }

  private static func set(cpus list: String) throws(HullError) {
    let mask = try self.mask(list)
    try system { () throws(SystemError) in try checked("set the CPU affinity \(list)") { hull_sched_setaffinity(mask, mask.count) } }
  }

  /// Whoever starts us may be bound to some CPUs; a workload is bound by its control group only. The kernel drops what it has not got.
  private static func unbind() {
    let all = [UInt8](repeating: 0xff, count: 1024)
    _ = hull_sched_setaffinity(all, all.count)
  }

  /// `0-3,7` as bits.
  static func mask(_ list: String) throws(HullError) -> [UInt8] {
    var mask = [UInt8](repeating: 0, count: 1024)
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends[0], let last = ends[ends.count - 1], first >= 0, first <= last, last < mask.count * 8 else {
        throw HullError(.invalidArgument, "invalid CPU list \"\(list)\"; write it like 0-3,7")
      }
      for cpu in first...last { mask[cpu / 8] |= 1 << UInt8(cpu % 8) }
    }
    return mask
  }

  private static func number(_ name: String, in names: [String: UInt32], _ what: String) throws(HullError) -> UInt32 {
    guard let number = names[name] else { throw HullError(.invalidArgument, "invalid \(what): \"\(name)\"") }
    return number
  }

  private static let policies: [String: UInt32] = [
    "SCHED_OTHER": 0, "SCHED_FIFO": 1, "SCHED_RR": 2, "SCHED_BATCH": 3, "SCHED_ISO": 4, "SCHED_IDLE": 5, "SCHED_DEADLINE": 6,
  ]

  private static let flags: [String: UInt32] = [
    "SCHED_FLAG_RESET_ON_FORK": 0x01, "SCHED_FLAG_RECLAIM": 0x02, "SCHED_FLAG_DL_OVERRUN": 0x04, "SCHED_FLAG_KEEP_POLICY": 0x08,
    "SCHED_FLAG_KEEP_PARAMS": 0x10, "SCHED_FLAG_UTIL_CLAMP_MIN": 0x20, "SCHED_FLAG_UTIL_CLAMP_MAX": 0x40,
  ]
}
