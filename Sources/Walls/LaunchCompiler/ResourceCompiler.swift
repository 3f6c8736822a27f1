// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch
import OCISpec

extension LaunchCompiler {
  /// Limits in the form of a launch plan, without device rules: also what `update` changes.
  package static func resources(_ resources: RuntimeSpec.Resources) throws(HullError) -> CgroupPlan.Resources {
    var plan = CgroupPlan.Resources()
    if let memory = resources.memory { compile(memory, into: &plan) }
    if let cpu = resources.cpu { compile(cpu, into: &plan) }
    if let limit = resources.pids?.limit, limit != 0 { plan.pids = limit < 0 ? -1 : limit }
    if let io = resources.blockIO { compile(io, into: &plan) }
    plan.hugepages = (resources.hugepageLimits ?? []).map { Setting($0.pageSize, String($0.limit)) }
    for (name, value) in (resources.unified ?? [:]).sorted(by: { $0.key < $1.key }) {
      guard !name.contains("/"), name.contains("."), !name.hasPrefix(".") else {
        throw HullError(.invalidArgument, "unified resource \"\(name)\" must be a file name without slashes, like memory.high")
      }
      plan.unified.append(Setting(name, value))
    }
    try refuseUnsupported(resources)
    return plan
  }

  private static func refuseUnsupported(_ resources: RuntimeSpec.Resources) throws(HullError) {
    let asked = [
      "blockIO.weightDevice": !(resources.blockIO?.weightDevice ?? []).isEmpty, "blockIO.leafWeight": (resources.blockIO?.leafWeight ?? 0) != 0,
      "network.classID": (resources.network?.classID ?? 0) != 0, "network.priorities": !(resources.network?.priorities ?? []).isEmpty,
      "rdma": !(resources.rdma ?? [:]).isEmpty,
    ]
    if let name = asked.filter(\.value).keys.min() { throw HullError(.unsupported, "linux.resources.\(name) is not supported") }
  }

  private static func compile(_ memory: RuntimeSpec.Memory, into plan: inout CgroupPlan.Resources) {
    plan.memory = memory.limit.flatMap { $0 == 0 ? nil : $0 }
    plan.memorySwap = memory.swap.flatMap { $0 == 0 ? nil : $0 }
    plan.memoryReservation = memory.reservation.flatMap { $0 == 0 ? nil : $0 }
    plan.swappiness = memory.swappiness
    plan.oomKillDisable = memory.disableOOMKiller
    // "No limit" for memory alone would leave memory and swap together below it, which the kernel refuses.
    if plan.memory == -1 && plan.memorySwap == nil { plan.memorySwap = -1 }
  }

  private static func compile(_ cpu: RuntimeSpec.CPU, into plan: inout CgroupPlan.Resources) {
    if let idle = cpu.idle, idle != 0 { plan.unified.append(Setting("cpu.idle", String(idle))) }
    if let burst = cpu.burst, burst != 0 { plan.unified.append(Setting("cpu.max.burst", String(burst))) }
    plan.cpuShares = cpu.shares.flatMap { $0 == 0 ? nil : $0 }
    plan.cpuQuota = cpu.quota.flatMap { $0 == 0 ? nil : $0 }
    plan.cpuPeriod = cpu.period.flatMap { $0 == 0 ? nil : $0 }
    plan.cpuRealtimeRuntime = cpu.realtimeRuntime.flatMap { $0 == 0 ? nil : $0 }
    plan.cpuRealtimePeriod = cpu.realtimePeriod.flatMap { $0 == 0 ? nil : $0 }
    plan.cpusetCpus = cpu.cpus.flatMap { $0.isEmpty ? nil : $0 }
    plan.cpusetMems = cpu.mems.flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func compile(_ io: RuntimeSpec.BlockIO, into plan: inout CgroupPlan.Resources) {
    func lines(_ devices: [RuntimeSpec.ThrottleDevice]?) -> [String] { (devices ?? []).map { "\($0.major):\($0.minor) \($0.rate)" } }
    plan.blkioWeight = io.weight.flatMap { $0 == 0 ? nil : $0 }
    plan.throttleReadBps = lines(io.throttleReadBpsDevice)
    plan.throttleWriteBps = lines(io.throttleWriteBpsDevice)
    plan.throttleReadIOPS = lines(io.throttleReadIOPSDevice)
    plan.throttleWriteIOPS = lines(io.throttleWriteIOPSDevice)
  }

  /// The workload's path in the hierarchies.
  ///
  /// systemd's `slice:prefix:name` becomes the directory that systemd would use; without a path it is `/hull-runtime/<id>`.
  package static func cgroupPath(_ path: String?, id: String) throws(HullError) -> String {
    guard let path, !path.isEmpty else { return "/hull-runtime/\(id)" }
    let parts = path.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    if !path.hasPrefix("/") && parts.count == 3 { return try scope(slice: parts[0], prefix: parts[1], name: parts[2]) }
    var components: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = components.popLast() } else { components.append(part) }
    }
    guard !components.isEmpty else { throw HullError(.invalidArgument, "cgroupsPath \"\(path)\" is the root of the hierarchy; name a path below it") }
    return "/" + components.joined(separator: "/")
  }

  /// `a-b.slice` lies in `a.slice`.
  private static func scope(slice: String, prefix: String, name: String) throws(HullError) -> String {
    let slice = slice.isEmpty ? "system.slice" : slice
    let leaf = prefix.isEmpty ? name : name.hasSuffix(".slice") ? name : "\(prefix)-\(name).scope"
    let suffix = ".slice"
    guard slice.hasSuffix(suffix), !leaf.isEmpty, !(slice + leaf).contains("/"), !slice.contains("--"), slice != suffix,
      !slice.hasPrefix("-") || slice == "-.slice"
    else { throw HullError(.invalidArgument, "invalid systemd slice name \"\(slice)\" in cgroupsPath") }
    if slice == "-.slice" { return "/" + leaf }
    var parents: [String] = []
    var name = ""
    for part in slice.dropLast(suffix.count).split(separator: "-", omittingEmptySubsequences: false) {
      guard !part.isEmpty else { throw HullError(.invalidArgument, "invalid systemd slice name \"\(slice)\" in cgroupsPath") }
      name += (name.isEmpty ? "" : "-") + part
      parents.append(name + suffix)
    }
    return "/" + (parents + [leaf]).joined(separator: "/")
  }
}
