// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

extension CgroupHierarchies {
  /// What the kernel has counted for the group.
  package func stats(_ path: String) throws(HullError) -> CgroupStats {
    try check(path)
    guard directories(path).contains(where: { access($0, F_OK) == 0 }) else { throw HullError(.notFound, "no such control group: \(path)") }
    let reader = CgroupReader(hierarchies: self, path: path)
    return isUnified ? reader.unified() : reader.legacy()
  }

  /// How many processes the kernel has killed in the group for lack of memory.
  package func oomKills(_ path: String) -> UInt64 {
    CgroupReader(hierarchies: self, path: path).counters("memory", isUnified ? "memory.events" : "memory.oom_control")["oom_kill"] ?? 0
  }
}

/// Reads a group's files; what is missing counts as zero.
struct CgroupReader {
  let hierarchies: CgroupHierarchies
  let path: String

  func text(_ controller: String, _ name: String) -> String {
    hierarchies.directory(path, controller: controller).flatMap { try? Files.readText($0 + "/" + name) } ?? ""
  }

  func number(_ controller: String, _ name: String) -> UInt64 { UInt64(text(controller, name)) ?? 0 }

  /// `max`, or a number so great that v1 means no limit, is `nil`.
  func limit(_ controller: String, _ name: String) -> UInt64? {
    UInt64(text(controller, name)).flatMap { $0 >= UInt64(Int64.max) - 65_535 ? nil : $0 }
  }

  func pairs(_ controller: String, _ name: String) -> [CgroupStats.Counter] {
    text(controller, name).split(separator: "\n").compactMap { line in
      let parts = line.split(separator: " ")
      guard parts.count == 2, let value = UInt64(parts[1]) else { return nil }
      return CgroupStats.Counter(String(parts[0]), value)
    }
  }

  func counters(_ controller: String, _ name: String) -> [String: UInt64] {
    Dictionary(pairs(controller, name).map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  func legacy() -> CgroupStats {
    var stats = CgroupStats()
    let nanosecondsPerTick: UInt64 = 10_000_000
    let times = counters("cpuacct", "cpuacct.stat")
    stats.cpuTotal = number("cpuacct", "cpuacct.usage")
    stats.cpuUser = (times["user"] ?? 0) * nanosecondsPerTick
    stats.cpuSystem = (times["system"] ?? 0) * nanosecondsPerTick
    stats.cpuPerCPU = text("cpuacct", "cpuacct.usage_percpu").split(separator: " ").compactMap { UInt64($0) }
    let throttling = counters("cpu", "cpu.stat")
    stats.cpuPeriods = throttling["nr_periods"] ?? 0
    stats.cpuThrottledPeriods = throttling["nr_throttled"] ?? 0
    stats.cpuThrottled = throttling["throttled_time"] ?? 0
    stats.memoryUsage = number("memory", "memory.usage_in_bytes")
    stats.memoryPeak = number("memory", "memory.max_usage_in_bytes")
    stats.memoryFailures = number("memory", "memory.failcnt")
    stats.memoryLimit = limit("memory", "memory.limit_in_bytes")
    stats.memoryCounters = pairs("memory", "memory.stat")
    stats.pids = number("pids", "pids.current")
    stats.pidsLimit = limit("pids", "pids.max")
    stats.blockIO = legacyBlockIO()
    return stats
  }

  func unified() -> CgroupStats {
    var stats = CgroupStats()
    stats.isUnified = true
    let times = counters("cpu", "cpu.stat")
    stats.cpuTotal = (times["usage_usec"] ?? 0) * 1000
    stats.cpuUser = (times["user_usec"] ?? 0) * 1000
    stats.cpuSystem = (times["system_usec"] ?? 0) * 1000
    stats.cpuPeriods = times["nr_periods"] ?? 0
    stats.cpuThrottledPeriods = times["nr_throttled"] ?? 0
    stats.cpuThrottled = (times["throttled_usec"] ?? 0) * 1000
    stats.memoryUsage = number("memory", "memory.current")
    stats.memoryPeak = number("memory", "memory.peak")
    stats.memoryFailures = counters("memory", "memory.events")["max"] ?? 0
    stats.memoryLimit = limit("memory", "memory.max")
    stats.memoryCounters = pairs("memory", "memory.stat")
    stats.pids = number("pids", "pids.current")
    stats.pidsLimit = limit("pids", "pids.max")
    stats.blockIO = unifiedBlockIO()
    return stats
  }

  /// `8:0 Read 4096` lines.
  private func legacyBlockIO() -> [CgroupStats.BlockIO] {
    var devices: [CgroupStats.BlockIO] = []
    func collect(_ file: String, _ read: WritableKeyPath<CgroupStats.BlockIO, UInt64>, _ write: WritableKeyPath<CgroupStats.BlockIO, UInt64>) {
      for line in text("blkio", file).split(separator: "\n") {
        let parts = line.split(separator: " ")
        guard parts.count == 3, let value = UInt64(parts[2]), let index = device(parts[0], in: &devices) else { continue }
        if parts[1] == "Read" { devices[index][keyPath: read] = value }
        if parts[1] == "Write" { devices[index][keyPath: write] = value }
      }
    }
    collect("blkio.throttle.io_service_bytes_recursive", \.readBytes, \.writeBytes)
    collect("blkio.throttle.io_serviced_recursive", \.readOperations, \.writeOperations)
    return devices
  }

  /// `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 …` lines.
  private func unifiedBlockIO() -> [CgroupStats.BlockIO] {
    var devices: [CgroupStats.BlockIO] = []
    for line in text("io", "io.stat").split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard let first = parts.first, let index = device(first, in: &devices) else { continue }
      for part in parts.dropFirst() {
        let pair = part.split(separator: "=")
        guard pair.count == 2, let value = UInt64(pair[1]) else { continue }
        switch pair[0] {
        case "rbytes": devices[index].readBytes = value
        case "wbytes": devices[index].writeBytes = value
        case "rios": devices[index].readOperations = value
        case "wios": devices[index].writeOperations = value
        default: break
        }
      }
    }
    return devices
  }

  private func device(_ name: Substring, in devices: inout [CgroupStats.BlockIO]) -> Int? {
    let numbers = name.split(separator: ":").compactMap { UInt64($0) }
    guard numbers.count == 2 else { return nil }
    if let index = devices.firstIndex(where: { $0.major == numbers[0] && $0.minor == numbers[1] }) { return index }
    devices.append(CgroupStats.BlockIO(major: numbers[0], minor: numbers[1]))
    return devices.count - 1
  }
}
