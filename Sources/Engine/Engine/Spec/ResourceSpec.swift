// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import Glibc
import OCISpec

/// Docker's limits in the words of the OCI runtime specification. Blocking: device numbers are looked up.
enum ResourceSpec {
  static func resources(_ host: HostConfig) throws(HullError) -> RuntimeSpec.Resources {
    var resources = RuntimeSpec.Resources()
    resources.memory = memory(host)
    resources.cpu = processor(host)
    if let limit = host.pidsLimit, limit != 0 { resources.pids = RuntimeSpec.Pids(limit: limit < 0 ? -1 : limit) }
    resources.blockIO = try blockIO(host)
    return resources
  }

  private static func memory(_ host: HostConfig) -> RuntimeSpec.Memory? {
    var memory = RuntimeSpec.Memory()
    if host.memory > 0 { memory.limit = host.memory }
    if host.memoryReservation > 0 { memory.reservation = host.memoryReservation }
    if host.memorySwap != 0 && host.memory > 0 { memory.swap = host.memorySwap }
    memory.swappiness = host.memorySwappiness.map { UInt64(max(0, $0)) }
    if host.oomKillDisable == true { memory.disableOOMKiller = true }
    return memory == RuntimeSpec.Memory() ? nil : memory
  }

  private static func processor(_ host: HostConfig) -> RuntimeSpec.CPU? {
    var cpu = RuntimeSpec.CPU()
    if host.cpuShares > 0 { cpu.shares = UInt64(host.cpuShares) }
    if !host.cpusetCpus.isEmpty { cpu.cpus = host.cpusetCpus }
    if !host.cpusetMems.isEmpty { cpu.mems = host.cpusetMems }
    if host.nanoCPUs > 0 {
      cpu.period = 100_000
      cpu.quota = host.nanoCPUs / 10_000
    }
    if host.cpuPeriod > 0 { cpu.period = UInt64(host.cpuPeriod) }
    if host.cpuQuota != 0 { cpu.quota = host.cpuQuota }
    if host.cpuRealtimePeriod > 0 { cpu.realtimePeriod = UInt64(host.cpuRealtimePeriod) }
    if host.cpuRealtimeRuntime != 0 { cpu.realtimeRuntime = host.cpuRealtimeRuntime }
    return cpu == RuntimeSpec.CPU() ? nil : cpu
  }

  private static func blockIO(_ host: HostConfig) throws(HullError) -> RuntimeSpec.BlockIO? {
    var block = RuntimeSpec.BlockIO()
    if host.blkioWeight > 0 { block.weight = host.blkioWeight }
    if let devices = host.blkioWeightDevice, !devices.isEmpty {
      var list: [RuntimeSpec.WeightDevice] = []
      for device in devices {
        let number = try number(of: device.path)
        list.append(RuntimeSpec.WeightDevice(major: number.major, minor: number.minor, weight: device.weight))
      }
      block.weightDevice = list
    }
    block.throttleReadBpsDevice = try throttle(host.blkioDeviceReadBps)
    block.throttleWriteBpsDevice = try throttle(host.blkioDeviceWriteBps)
    block.throttleReadIOPSDevice = try throttle(host.blkioDeviceReadIOps)
    block.throttleWriteIOPSDevice = try throttle(host.blkioDeviceWriteIOps)
    return block == RuntimeSpec.BlockIO() ? nil : block
  }

  private static func throttle(_ devices: [ThrottleDevice]?) throws(HullError) -> [RuntimeSpec.ThrottleDevice]? {
    guard let devices, !devices.isEmpty else { return nil }
    var list: [RuntimeSpec.ThrottleDevice] = []
    for device in devices {
      let number = try number(of: device.path)
      list.append(RuntimeSpec.ThrottleDevice(major: number.major, minor: number.minor, rate: device.rate))
    }
    return list
  }

  private static func number(of path: String) throws(HullError) -> (major: Int64, minor: Int64) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw HullError(.invalidArgument, "stat \(path): \(String(cString: strerror(errno)).lowercased())") }
    let device = UInt64(status.st_rdev)
    return (Int64((device >> 8) & 0xFFF | (device >> 32) & ~0xFFF), Int64(device & 0xFF | (device >> 12) & 0xFFFF_FF00))
  }
}

/// `--device-cgroup-rule`, as `c 1:3 rwm`.
enum DeviceRules {
  static func parse(_ text: String) throws(HullError) -> RuntimeSpec.DeviceRule {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    let numbers = words.count == 3 ? words[1].split(separator: ":", omittingEmptySubsequences: false) : []
    guard words.count == 3, ["a", "b", "c"].contains(words[0]), numbers.count == 2, isAccess(words[2]), let major = number(numbers[0]),
      let minor = number(numbers[1])
    else { throw HullError(.invalidArgument, "invalid device cgroup rule format: '\(text)'") }
    return RuntimeSpec.DeviceRule(allow: true, type: String(words[0]), major: major.value, minor: minor.value, access: String(words[2]))
  }

  static func isAccess(_ text: some StringProtocol) -> Bool { (1...3).contains(text.count) && text.allSatisfy { "rwm".contains($0) } }

  private static func number(_ text: Substring) -> (value: Int64?, Void)? {
    if text == "*" { return (nil, ()) }
    guard let value = Int64(text), value >= 0 else { return nil }
    return (value, ())
  }
}
