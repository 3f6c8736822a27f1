// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// Limits of v1 groups.
extension CgroupLimitWriter {
  mutating func applyLegacy(_ limits: CgroupPlan.Resources) throws(HullError) {
    try applyMemory(limits)
    try applyProcessor(limits)
    if let pids = limits.pids { try set("pids", "pids.max", pids > 0 ? "\(pids)" : "max") }
    try applyBlockIO(limits)
    for page in limits.hugepages {
      let name = "hugetlb.\(page.name).limit_in_bytes"
      try checkName(name)
      try set("hugetlb", name, page.value)
    }
    try applyDevices(limits.devices)
    if !limits.unified.isEmpty { warn("this host uses version 1 control groups: unified settings were ignored") }
  }

  private mutating func applyMemory(_ limits: CgroupPlan.Resources) throws(HullError) {
    var swap = limits.memorySwap
    if limits.memory == -1 && swap == nil && read("memory", "memory.memsw.limit_in_bytes") != nil { swap = -1 }
    if swap != nil && !exists("memory", "memory.memsw.limit_in_bytes") {
      if swap != -1 {
        warn("your kernel does not support swap limit capabilities or the cgroup is not mounted. memory limited without swap")
      }
      swap = nil
    }
    // The memory limit may never be above the one of memory and swap together: the order depends on which way they go.
    let current = limits.memory == nil || swap == nil ? nil : read("memory", "memory.limit_in_bytes").flatMap { UInt64($0) }
    let swapFirst = swap.map { swap in swap == -1 || current.map { $0 < UInt64(clamping: swap) } ?? false } ?? false
    let memory: (inout CgroupLimitWriter) throws(HullError) -> Void = { (writer) throws(HullError) in
      if let memory = limits.memory { try writer.set("memory", "memory.limit_in_bytes", "\(memory)") }
    }
    if !swapFirst { try memory(&self) }
    if let swap { try set("memory", "memory.memsw.limit_in_bytes", "\(swap)") }
    if swapFirst { try memory(&self) }
    if let reservation = limits.memoryReservation { try set("memory", "memory.soft_limit_in_bytes", "\(reservation)") }
    if let swappiness = limits.swappiness { try set("memory", "memory.swappiness", "\(swappiness)") }
    if limits.oomKillDisable == true { try set("memory", "memory.oom_control", "1") }
  }

  private mutating func applyProcessor(_ limits: CgroupPlan.Resources) throws(HullError) {
    if let shares = limits.cpuShares, shares != 0 { try set("cpu", "cpu.shares", "\(shares)") }
    if let period = limits.cpuRealtimePeriod { try set("cpu", "cpu.rt_period_us", "\(period)") }
    if let runtime = limits.cpuRealtimeRuntime { try set("cpu", "cpu.rt_runtime_us", "\(runtime)") }
    var period = limits.cpuPeriod
    if let value = period, value != 0 {
      // A period that is too short for the present quota is accepted after the new quota.
      do {
        try tryToSet("cpu", "cpu.cfs_period_us", "\(value)")
        period = nil
      } catch  where error.number != EINVAL || limits.cpuQuota == nil {
        throw refusal("cpu", "cpu.cfs_period_us", "\(value)", error)
      } catch {}
    }
    if let quota = limits.cpuQuota, quota != 0 { try set("cpu", "cpu.cfs_quota_us", "\(quota)") }
    if let period, period != 0 { try set("cpu", "cpu.cfs_period_us", "\(period)") }
    if let cpus = limits.cpusetCpus, !cpus.isEmpty { try set("cpuset", "cpuset.cpus", cpus) }
    if let mems = limits.cpusetMems, !mems.isEmpty { try set("cpuset", "cpuset.mems", mems) }
  }

  private mutating func applyBlockIO(_ limits: CgroupPlan.Resources) throws(HullError) {
    if let weight = limits.blkioWeight, weight != 0 {
      try set("blkio", exists("blkio", "blkio.weight") ? "blkio.weight" : "blkio.bfq.weight", "\(weight)")
    }
    try lines("blkio", "blkio.throttle.read_bps_device", limits.throttleReadBps)
    try lines("blkio", "blkio.throttle.write_bps_device", limits.throttleWriteBps)
    try lines("blkio", "blkio.throttle.read_iops_device", limits.throttleReadIOPS)
    try lines("blkio", "blkio.throttle.write_iops_device", limits.throttleWriteIOPS)
  }

  private mutating func applyDevices(_ rules: [CgroupPlan.DeviceRule]) throws(HullError) {
    guard let first = rules.first else { return }
    guard let directory = hierarchies.directory(path, controller: "devices") else {
      throw HullError(.unavailable, "this host has no devices control groups: device rules cannot be enforced")
    }
    let action = "limit the devices of control group \(path)"
    let descriptors = try step(action) { () throws(SystemError) in
      let allow = try Files.open(directory + "/devices.allow", O_WRONLY).take()
      return (allow: allow, deny: try Files.open(directory + "/devices.deny", O_WRONLY).take())
    }
    defer {
      close(descriptors.allow)
      close(descriptors.deny)
    }
    let lines = (first.isForAll ? [] : [(false, "a")]) + rules.map { ($0.allow, $0.legacyLine) }
    for (allow, line) in lines {
      let fd = allow ? descriptors.allow : descriptors.deny
      try step("\(action) (\(line))") { () throws(SystemError) in try Files.writeAll(fd, Array(line.utf8), name: "devices") }
    }
  }
}
