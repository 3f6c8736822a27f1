// SPDX-License-Identifier: Apache-2.0
import Errors

/// The API's Resources, from the flags of `run`, `create` and `update`.
enum RunLimits {
  /// Flag, member of `HostConfig`.
  private static let numbers = [
    ("blkio-weight", "BlkioWeight"), ("cpu-period", "CpuPeriod"), ("cpu-quota", "CpuQuota"), ("cpu-rt-period", "CpuRealtimePeriod"),
    ("cpu-rt-runtime", "CpuRealtimeRuntime"), ("cpu-shares", "CpuShares"), ("cpus", "NanoCpus"), ("memory", "Memory"),
    ("memory-reservation", "MemoryReservation"), ("memory-swap", "MemorySwap"), ("pids-limit", "PidsLimit"),
  ]

  /// The limits that were given.
  static func update(_ call: Invocation) -> JSONObject {
    var limits = JSONObject()
    for (flag, member) in numbers where call.changed(flag) { limits[member] = .int(call.int(flag)) }
    if call.changed("cpuset-cpus") { limits["CpusetCpus"] = .string(call.string("cpuset-cpus")) }
    if call.changed("cpuset-mems") { limits["CpusetMems"] = .string(call.string("cpuset-mems")) }
    return limits
  }

  static func create(_ call: Invocation) throws -> JSONObject {
    var limits = update(call)
    let swappiness = call.int("memory-swappiness")
    guard (-1...100).contains(swappiness) else {
      throw HullError(.invalidArgument, "invalid value: \(swappiness). Valid memory swappiness range is 0-100")
    }
    if swappiness != -1 { limits["MemorySwappiness"] = .int(swappiness) }
    limits["OomKillDisable"] = .bool(call.bool("oom-kill-disable"))
    if call.changed("cgroup-parent") { limits["CgroupParent"] = .string(call.string("cgroup-parent")) }
    if call.changed("device-cgroup-rule") { limits["DeviceCgroupRules"] = .strings(call.list("device-cgroup-rule")) }
    limits["Devices"] = .array(try call.list("device").map(RunValues.device))
    if call.changed("ulimit") { limits["Ulimits"] = .array(try call.list("ulimit").map(RunValues.ulimit)) }
    if call.changed("gpus") { limits["DeviceRequests"] = .array(try call.list("gpus").map(RunValues.gpus)) }
    limits["BlkioWeightDevice"] = .array(try call.list("blkio-weight-device").map(RunValues.weight))
    for (direction, member) in [("read", "Read"), ("write", "Write")] {
      for (unit, name, inBytes) in [("bps", "Bps", true), ("iops", "IOps", false)] {
        limits["BlkioDevice\(member)\(name)"] = .array(
          try call.list("device-\(direction)-\(unit)").map { try RunValues.throttle($0, inBytes: inBytes) })
      }
    }
    return limits
  }
}
