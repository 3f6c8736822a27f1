// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `hull stats`
enum ContainerStats {
  static let command = Command(
    name: "stats", summary: "Display a live stream of container(s) resource usage statistics", usage: "[OPTIONS] [CONTAINER...]",
    aliases: ["container stats", "stats"], arguments: .any, completion: .runningContainers,
    flags: {
      [
        .bool("all,a", "Show all containers (default shows just running)"), .format(),
        .bool("no-stream", "Disable streaming stats and only pull the first result"), .bool("no-trunc", "Do not truncate output"),
      ]
    }, run: run)

  private static let listing = Listing(
    type: "*container.statsContext",
    headings: [
      "Container": "CONTAINER", "Name": "NAME", "ID": "CONTAINER ID", "CPUPerc": "CPU %", "MemUsage": "MEM USAGE / LIMIT", "MemPerc": "MEM %",
      "NetIO": "NET I/O", "BlockIO": "BLOCK I/O", "PIDs": "PIDS",
    ], table: "{{.ID}}\\t{{.Name}}\\t{{.CPUPerc}}\\t{{.MemUsage}}\\t{{.MemPerc}}\\t{{.NetIO}}\\t{{.BlockIO}}\\t{{.PIDs}}")

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let engine = try call.engine()
    let format = call.string("format")
    for name in call.arguments { _ = try engine.bytes("GET", call.container(name, "/json")) }
    let streams = !call.bool("no-stream")
    let redraws = streams && Terminal.isTerminal(1) && (format.isEmpty || format.hasPrefix("table"))
    // Processor shares are differences: between the first sample and the second one there is a second, whatever the number of containers.
    var before = try samples(call, engine)
    repeat {
      if streams || !before.isEmpty { sleep(1) }
      let now = try samples(call, engine)
      let rows = now.map { sample in
        StatsRow.row(
          sample.name, sample.stats, before: before.first { $0.name == sample.name }?.stats, truncates: !call.bool("no-trunc"))
      }
      before = now
      call.out.write((redraws ? "\u{1B}[2J\u{1B}[H" : "") + (try listing.text(rows, format: format, fitting: call.fitting)))
      call.out.flush()
    } while streams && (call.arguments.isEmpty || !before.isEmpty)
    return 0
  }

  private static func samples(_ call: Invocation, _ engine: EngineClient) throws -> [(name: String, stats: JSON)] {
    var names = call.arguments
    if names.isEmpty {
      names = try engine.json("GET", "/containers/json", query: call.bool("all") ? [("all", "1")] : []).array.map { $0["Id"].text }
    }
    return names.compactMap { name in
      // A container that goes away in between is no failure.
      let stats = try? engine.json("GET", call.container(name, "/stats"), query: [("stream", "0"), ("one-shot", "1")])
      return stats.map { (name, $0) }
    }
  }
}

/// The arithmetic of `stats`, as docker's client does it.
enum StatsRow {
  static func row(_ name: String, _ sample: JSON, before: JSON?, truncates: Bool) -> Listing.Row {
    let (used, limit) = memory(sample["memory_stats"])
    let (read, written) = blocks(sample["blkio_stats"])
    let running = sample["cpu_stats"]["cpu_usage"]["total_usage"].double ?? 0 > 0
    var (received, sent) = (0.0, 0.0)
    for (_, network) in sample["networks"].object.members {
      received += network["rx_bytes"].double ?? 0
      sent += network["tx_bytes"].double ?? 0
    }
    let id = sample["id"].text
    let shown = sample["name"].text.hasPrefix("/") ? String(sample["name"].text.dropFirst()) : sample["name"].text
    let percent: (Double) -> JSON = { .string(Units.format("%.2f", $0) + "%") }
    return Listing.Row(fields: [
      "Container": .string(name), "Name": .string(shown.isEmpty ? "--" : shown), "ID": .string(truncates ? Text.shortID(id) : id),
      "CPUPerc": percent(processor(sample["cpu_stats"], before?["cpu_stats"] ?? sample["precpu_stats"])),
      "MemUsage": .string(running || used > 0 ? "\(Units.binarySize(used)) / \(Units.binarySize(limit))" : "0B / 0B"),
      "MemPerc": percent(limit > 0 ? used / limit * 100 : 0),
      "NetIO": .string("\(Units.size(received, precision: 3)) / \(Units.size(sent, precision: 3))"),
      "BlockIO": .string("\(Units.size(read, precision: 3)) / \(Units.size(written, precision: 3))"),
      "PIDs": .string(String(sample["pids_stats"]["current"].int ?? 0)),
    ])
  }

  static func processor(_ now: JSON, _ before: JSON) -> Double {
    let used = (now["cpu_usage"]["total_usage"].double ?? 0) - (before["cpu_usage"]["total_usage"].double ?? 0)
    let system = (now["system_cpu_usage"].double ?? 0) - (before["system_cpu_usage"].double ?? 0)
    var count = now["online_cpus"].double ?? 0
    if count == 0 { count = Double(now["cpu_usage"]["percpu_usage"].array.count) }
    return used > 0 && system > 0 ? used / system * count * 100 : 0
  }

  /// Without the page cache that can be dropped.
  private static func memory(_ stats: JSON) -> (used: Double, limit: Double) {
    let usage = stats["usage"].double ?? 0
    for name in ["total_inactive_file", "inactive_file"] {
      if let cache = stats["stats"][name].double, cache < usage { return (usage - cache, stats["limit"].double ?? 0) }
    }
    return (usage, stats["limit"].double ?? 0)
  }

  private static func blocks(_ stats: JSON) -> (read: Double, written: Double) {
    var (read, written) = (0.0, 0.0)
    for entry in stats["io_service_bytes_recursive"].array {
      switch entry["op"].text.lowercased().first {
      case "r": read += entry["value"].double ?? 0
      case "w": written += entry["value"].double ?? 0
      default: break
      }
    }
    return (read, written)
  }
}
