// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import LaunchCompiler
import LinuxSystem
import OCISpec

extension Command {
  static let pause = Command(
    name: "pause", summary: "pause suspends all processes inside the container", usage: "<container-id>"
  ) { invocation throws(HullError) in
    try setPaused(invocation, true)
  }

  static let resume = Command(
    name: "resume", summary: "resumes all processes that have been previously paused", usage: "<container-id>"
  ) { invocation throws(HullError) in
    try setPaused(invocation, false)
  }

  private static func setPaused(_ invocation: Invocation, _ paused: Bool) throws(HullError) -> Int32 {
    var container = try invocation.container()
    let lock = try StateLock(container.directory)
    try container.reload()
    let status = container.status
    guard let cgroup = container.record.cgroup else { throw HullError(.unsupported, "container \(container.id) has no control group") }
    if paused {
      guard status == .running || status == .created else { throw HullError(.conflict, "container not running or created: \(status.rawValue)") }
      try Cgroups.freeze(cgroup)
    } else {
      guard status == .paused else { throw HullError(.conflict, "container not paused") }
      try Cgroups.thaw(cgroup)
    }
    container.record.paused = paused
    try container.save()
    _ = consume lock
    return 0
  }

  static let update = Command(
    name: "update", summary: "update container resource constraints", usage: "<container-id>",
    flags: [
      .value("resources", "r", help: "path to the file containing the resources to update or '-' to read from the standard input"),
      .value("blkio-weight", help: "specifies per cgroup weight, range is from 10 to 1000"),
      .value("cpu-period", help: "CPU CFS period to be used for hardcapping (in usecs)"),
      .value("cpu-quota", help: "CPU CFS hardcap limit (in usecs), allowed cpu time in a given period"),
      .value("cpu-burst", help: "CPU CFS hardcap burst limit (in usecs)"),
      .value("cpu-share", help: "CPU shares (relative weight vs. other containers)"),
      .value("cpu-rt-period", help: "CPU realtime period to be used for hardcapping (in usecs)"),
      .value("cpu-rt-runtime", help: "CPU realtime hardcap limit (in usecs)"),
      .value("cpu-idle", help: "set cgroup SCHED_IDLE or not, 0: default behavior, 1: SCHED_IDLE"),
      .value("cpuset-cpus", help: "CPU(s) to use"),
      .value("cpuset-mems", help: "memory node(s) to use"),
      .value("kernel-memory", help: "obsolete, ignored"),
      .value("kernel-memory-tcp", help: "obsolete, ignored"),
      .value("memory", help: "memory limit (in bytes, or with a suffix k, m, g)"),
      .value("memory-reservation", help: "memory reservation or soft limit"),
      .value("memory-swap", help: "total memory usage (memory + swap); set '-1' to enable unlimited swap"),
      .value("pids-limit", help: "maximum number of pids allowed in the container"),
      .value("l3-cache-schema", help: "not supported"),
      .value("mem-bw-schema", help: "not supported"),
    ]
  ) { invocation throws(HullError) in
    let container = try invocation.container()
    guard container.livePid != nil, let cgroup = container.record.cgroup else { throw HullError(.conflict, "container not running") }
    var resources: RuntimeSpec.Resources
    if let path = invocation.arguments.value("resources") {
      resources = try RuntimeJSON.decode(RuntimeSpec.Resources.self, from: try StateFiles.read(path))
      // Devices cannot be changed here; engines send what they sent at the start.
      resources.devices = nil
    } else {
      resources = try requested(invocation.arguments)
    }
    let plan = try LaunchCompiler.resources(resources)
    try plan.refuseUnifiedOnLegacy()
    let lock = try StateLock(container.directory)
    try Cgroups.apply(plan, to: cgroup).forEach(invocation.log.warning)
    _ = consume lock
    return 0
  }

  private static func requested(_ arguments: Arguments) throws(HullError) -> RuntimeSpec.Resources {
    for name in ["l3-cache-schema", "mem-bw-schema"] where arguments.isGiven(name) {
      throw HullError(.unsupported, "--\(name) is not supported: there is no resctrl support")
    }
    var resources = RuntimeSpec.Resources()
    var memory = RuntimeSpec.Memory()
    memory.limit = try bytes("memory", arguments)
    memory.swap = try bytes("memory-swap", arguments)
    memory.reservation = try bytes("memory-reservation", arguments)
    resources.memory = memory
    var cpu = RuntimeSpec.CPU()
    cpu.shares = try arguments.integer("cpu-share")
    cpu.quota = try arguments.integer("cpu-quota")
    cpu.burst = try arguments.integer("cpu-burst")
    cpu.period = try arguments.integer("cpu-period")
    cpu.realtimeRuntime = try arguments.integer("cpu-rt-runtime")
    cpu.realtimePeriod = try arguments.integer("cpu-rt-period")
    cpu.idle = try arguments.integer("cpu-idle")
    cpu.cpus = arguments.value("cpuset-cpus")
    cpu.mems = arguments.value("cpuset-mems")
    resources.cpu = cpu
    var io = RuntimeSpec.BlockIO()
    io.weight = try arguments.integer("blkio-weight")
    resources.blockIO = io
    if let limit = try arguments.integer("pids-limit", as: Int64.self) { resources.pids = RuntimeSpec.Pids(limit: limit) }
    return resources
  }

  /// `512m`, `1GiB`, `1073741824`, `-1`: units are powers of 1024.
  static func bytes(_ name: String, _ arguments: Arguments) throws(HullError) -> Int64? {
    guard let text = arguments.value(name) else { return nil }
    if text == "-1" { return -1 }
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = text.dropFirst(number.count).lowercased().drop { $0 == " " }
    let powers = ["": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5]
    let short = unit.hasSuffix("ib") ? unit.dropLast(2) : unit.count > 1 && unit.hasSuffix("b") ? unit.dropLast() : Substring(unit)
    guard let value = Double(number), let power = powers[String(short)] else {
      throw HullError(.invalidArgument, "invalid value for \(name): invalid size: '\(text)'")
    }
    guard let result = Int64(exactly: (value * Double(1 << (10 * UInt64(power)))).rounded(.down)) else {
      throw HullError(.invalidArgument, "invalid value for \(name): '\(text)' is too large")
    }
    return result
  }
}

extension CgroupPlan.Resources {
  /// Settings that only v2 has are an error elsewhere: a limit that is asked for must hold.
  func refuseUnifiedOnLegacy() throws(HullError) {
    guard let name = unified.first?.name, (try? CgroupHierarchies.host())?.isUnified == false else { return }
    throw HullError(.unsupported, "\(name): this host has version 1 control groups, the setting needs version 2")
  }
}
