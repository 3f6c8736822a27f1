// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// Limits of v2 groups: the v1 numbers of the runtime specification, converted.
extension CgroupLimitWriter {
  mutating func applyUnified(_ limits: CgroupPlan.Resources) throws(HullError) {
    try applyUnifiedMemory(limits)
    try applyUnifiedProcessor(limits)
    if let pids = limits.pids { try set("pids", "pids.max", pids > 0 ? "\(pids)" : "max") }
    try applyUnifiedIO(limits)
    for page in limits.hugepages {
      let name = "hugetlb.\(page.name).max"
      try checkName(name)
      try set("hugetlb", name, page.value)
    }
    for setting in limits.unified {
      try checkName(setting.name)
      for line in setting.value.split(separator: "\n") { try set("unified", setting.name, String(line)) }
    }
    try applyDeviceProgram(limits.devices)
  }

  private mutating func applyUnifiedMemory(_ limits: CgroupPlan.Resources) throws(HullError) {
    if let swap = try CgroupConversion.swap(memory: limits.memory, memoryAndSwap: limits.memorySwap) {
      if exists("memory", "memory.swap.max") || swap != "max" { try set("memory", "memory.swap.max", swap) }
    }
    if let memory = limits.memory, memory != 0 { try set("memory", "memory.max", memory == -1 ? "max" : "\(memory)") }
    if let reservation = limits.memoryReservation { try set("memory", "memory.low", reservation == -1 ? "max" : "\(reservation)") }
    if limits.oomKillDisable == true { warn("this host uses version 2 control groups: the OOM killer cannot be disabled") }
    if limits.swappiness != nil { warn("this host uses version 2 control groups: memory swappiness was ignored") }
  }

  private mutating func applyUnifiedProcessor(_ limits: CgroupPlan.Resources) throws(HullError) {
    if let shares = limits.cpuShares, shares != 0 { try set("cpu", "cpu.weight", "\(CgroupConversion.weight(shares: shares))") }
    if limits.cpuQuota ?? 0 != 0 || limits.cpuPeriod ?? 0 != 0 {
      let quota = limits.cpuQuota.map { $0 > 0 ? "\($0)" : "max" } ?? currentQuota()
      try set("cpu", "cpu.max", "\(quota) \(limits.cpuPeriod.flatMap { $0 == 0 ? nil : $0 } ?? 100_000)")
    }
    if let cpus = limits.cpusetCpus, !cpus.isEmpty { try set("cpuset", "cpuset.cpus", cpus) }
    if let mems = limits.cpusetMems, !mems.isEmpty { try set("cpuset", "cpuset.mems", mems) }
    if limits.cpuRealtimeRuntime ?? 0 != 0 { warn("this host uses version 2 control groups: real-time limits were ignored") }
  }

  /// A period alone keeps the quota.
  private func currentQuota() -> String { read("cpu", "cpu.max")?.split(separator: " ").first.map(String.init) ?? "max" }

  private mutating func applyUnifiedIO(_ limits: CgroupPlan.Resources) throws(HullError) {
    if let weight = limits.blkioWeight, weight != 0 {
      if exists("io", "io.bfq.weight") {
        try set("io", "io.bfq.weight", "\(weight)")
      } else {
        try set("io", "io.weight", "default \(CgroupConversion.ioWeight(blkio: weight))")
      }
    }
    for (key, entries) in [
      ("rbps", limits.throttleReadBps), ("wbps", limits.throttleWriteBps), ("riops", limits.throttleReadIOPS), ("wiops", limits.throttleWriteIOPS),
    ] {
      for entry in entries {
        let parts = entry.split(separator: " ")
        guard parts.count == 2 else { throw HullError(.invalidArgument, "invalid block device limit \"\(entry)\": give MAJOR:MINOR NUMBER") }
        try set("io", "io.max", "\(parts[0]) \(key)=\(parts[1] == "0" ? "max" : parts[1])")
      }
    }
  }

  private func applyDeviceProgram(_ rules: [CgroupPlan.DeviceRule]) throws(HullError) {
    guard !rules.isEmpty, let directory = hierarchies.directory(path, controller: "devices") else { return }
    try step("limit the devices of control group \(path)") { () throws(SystemError) in
      let group = try Files.open(directory, O_RDONLY | O_DIRECTORY)
      let program = try DeviceFilter.load(DeviceProgram.instructions(rules))
      try DeviceFilter.replace(group.number, with: program.number)
    }
  }
}

/// From v1 numbers to v2 numbers.
package enum CgroupConversion {
  /// `cpu.weight` (1…10000) for v1 shares (2…262144), on the curve that makes 2 → 1, 1024 → 100 and 262144 → 10000.
  package static func weight(shares: UInt64) -> UInt64 {
    if shares <= 2 { return 1 }
    if shares >= 262_144 { return 10_000 }
    let exponent = log2(Double(shares))
    return UInt64(ceil(pow(10, (exponent * exponent + 125 * exponent) / 612 - 7.0 / 34.0)))
  }

  /// `io.weight` (1…10000) for a v1 weight (10…1000).
  package static func ioWeight(blkio: UInt16) -> UInt64 { blkio <= 10 ? 1 : 1 + (UInt64(blkio) - 10) * 9999 / 990 }

  /// `memory.swap.max`, which v2 counts without memory; `nil`: leave it as it is.
  package static func swap(memory: Int64?, memoryAndSwap: Int64?) throws(HullError) -> String? {
    let memory = memory ?? 0
    guard let both = memoryAndSwap, both != 0 else { return memory == -1 ? "max" : nil }
    if both == -1 { return "max" }
    if memory == -1 { throw HullError(.invalidArgument, "swap can only be limited where memory is") }
    guard memory > 0, both >= memory else {
      throw HullError(.invalidArgument, "minimum memoryswap limit should be larger than memory limit, see usage")
    }
    return "\(both - memory)"
  }
}
