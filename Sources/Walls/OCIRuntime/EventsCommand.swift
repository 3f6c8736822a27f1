// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import LinuxSystem
import OCISpec

extension Command {
  static let events = Command(
    name: "events", summary: "display container events such as OOM notifications, cpu, memory, and IO usage statistics",
    usage: "<container-id>",
    flags: [
      .value("interval", help: "set the stats collection interval (default: 5s)"),
      .toggle("stats", help: "display the container's stats then exit"),
    ]
  ) { invocation throws(HullError) in
    let interval = try milliseconds(invocation.arguments.value("interval") ?? "5s")
    let container = try invocation.container()
    guard let pid = container.livePid, let cgroup = container.record.cgroup else {
      throw HullError(.conflict, "container with id \(container.id) is not running")
    }
    if invocation.arguments.has("stats") {
      emit(container, "stats", Statistics.json(try Cgroups.stats(cgroup)))
      return 0
    }
    let pidfd = try system { () throws(SystemError) in try Processes.pidfd(pid) }
    var killed = Cgroups.oomKills(cgroup)
    var elapsed: Int32 = 0
    let beat = min(interval, 500)
    while true {
      let ended = try system { () throws(SystemError) in try Descriptors.waitReadable(pidfd.number, milliseconds: beat) ? 1 : 0 } == 1
      let now = Cgroups.oomKills(cgroup)
      if now > killed { emit(container, "oom", nil) }
      killed = max(killed, now)
      if ended { return 0 }
      elapsed += beat
      if elapsed >= interval {
        elapsed = 0
        emit(container, "stats", Statistics.json(try Cgroups.stats(cgroup)))
      }
    }
  }

  private static func emit(_ container: Container, _ type: String, _ data: JSONValue?) {
    let members: [JSONValue.Member] = [.init("type", .string(type)), .init("id", .string(container.id))]
    StateFiles.print(JSONValue.object(members + (data.map { [.init("data", $0)] } ?? [])).text() + [UInt8(ascii: "\n")])
  }

  /// A duration as Go writes it: `5s`, `1m30s`, `500ms`.
  static func milliseconds(_ text: String) throws(HullError) -> Int32 {
    let units: [String: Double] = ["ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1, "s": 1e3, "m": 6e4, "h": 3.6e6]
    var rest = Substring(text)
    var total = 0.0
    repeat {
      let number = rest.prefix { $0.isNumber || $0 == "." }
      rest = rest.dropFirst(number.count)
      let unit = rest.prefix { !($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(unit.count)
      guard let value = Double(number), let scale = units[String(unit)] else {
        throw HullError(.invalidArgument, "invalid value \"\(text)\" for flag -interval: use a duration like 5s or 500ms")
      }
      total += value * scale
    } while !rest.isEmpty
    guard total > 0 else { throw HullError(.invalidArgument, "duration interval must be greater than 0") }
    return Int32(clamping: Int64(min(max(total, 1), 1e9)))
  }
}

/// A control group's numbers in the form of runc's `events`.
enum Statistics {
  static func json(_ stats: CgroupStats) -> JSONValue {
    .object([
      .init("cpu", cpu(stats)), .init("memory", memory(stats)), .init("pids", pids(stats)), .init("blkio", blockIO(stats)),
      .init("hugetlb", .object([])), .init("intel_rdt", .object([])), .init("network_interfaces", .null),
    ])
  }

  private static func cpu(_ stats: CgroupStats) -> JSONValue {
    .object([
      .init(
        "usage",
        .object([
          .init("total", JSONValue(stats.cpuTotal)), .init("percpu", .array(stats.cpuPerCPU.map { JSONValue($0) })),
          .init("kernel", JSONValue(stats.cpuSystem)), .init("user", JSONValue(stats.cpuUser)),
        ])),
      .init(
        "throttling",
        .object([
          .init("periods", JSONValue(stats.cpuPeriods)), .init("throttledPeriods", JSONValue(stats.cpuThrottledPeriods)),
          .init("throttledTime", JSONValue(stats.cpuThrottled)),
        ])),
    ])
  }

  private static func memory(_ stats: CgroupStats) -> JSONValue {
    let raw = stats.memoryCounters
    let cache = raw.first { $0.name == (stats.isUnified ? "file" : "cache") }?.value ?? 0
    let none = JSONValue.object([.init("limit", 0), .init("failcnt", 0)])
    return .object([
      .init("cache", JSONValue(cache)),
      .init(
        "usage",
        .object([
          .init("limit", JSONValue(stats.memoryLimit ?? .max)), .init("usage", JSONValue(stats.memoryUsage)),
          .init("max", JSONValue(stats.memoryPeak)), .init("failcnt", JSONValue(stats.memoryFailures)),
        ])),
      .init("swap", none), .init("kernel", none), .init("kernelTCP", none),
      .init("raw", .object(raw.map { .init($0.name, JSONValue($0.value)) })),
    ])
  }

  private static func pids(_ stats: CgroupStats) -> JSONValue {
    .object([.init("current", JSONValue(stats.pids))] + (stats.pidsLimit.map { [.init("limit", JSONValue($0))] } ?? []))
  }

  private static func blockIO(_ stats: CgroupStats) -> JSONValue {
    func entries(_ read: (CgroupStats.BlockIO) -> UInt64, _ write: (CgroupStats.BlockIO) -> UInt64) -> JSONValue {
      .array(
        stats.blockIO.flatMap { device in
          [("Read", read(device)), ("Write", write(device))].map { name, value in
            .object([
              .init("major", JSONValue(device.major)), .init("minor", JSONValue(device.minor)), .init("op", .string(name)),
              .init("value", JSONValue(value)),
            ])
          }
        })
    }
    return .object([
      .init("ioServiceBytesRecursive", entries(\.readBytes, \.writeBytes)),
      .init("ioServicedRecursive", entries(\.readOperations, \.writeOperations)),
    ])
  }
}
