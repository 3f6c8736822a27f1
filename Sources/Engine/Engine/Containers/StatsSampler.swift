// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import Glibc
import Launch
import Threads

/// Takes samples of what a container uses.
struct StatsSampler: Sendable {
  private let container: Container

  init(_ container: Container) { self.container = container }

  func stream(continuous: Bool, oneShot: Bool) -> AsyncThrowingStream<ContainerStats, any Error> {
    let (stream, sink) = AsyncThrowingStream.makeStream(of: ContainerStats.self, bufferingPolicy: .bufferingNewest(2))
    let task = Task {
      var previous = ContainerStats()
      do {
        while !Task.isCancelled {
          let isFirst = previous.read.isEmpty
          guard container.services.registry.container(id: container.id) != nil else { break }
          let sample = try await self.sample(after: previous)
          previous = sample
          if continuous || oneShot || !isFirst || !container.view.isRunning { sink.yield(sample) }
          if !continuous && (oneShot || !isFirst || !container.view.isRunning) { break }
          try await Task.sleep(nanoseconds: 1_000_000_000)
        }
        sink.finish()
      } catch is CancellationError { sink.finish() } catch { sink.finish(throwing: error) }
    }
    sink.onTermination = { _ in task.cancel() }
    return stream
  }

  private func sample(after previous: ContainerStats) async throws -> ContainerStats {
    let view = container.view
    var sample = ContainerStats()
    sample.id = container.id
    sample.name = "/" + view.record.name
    sample.osType = "linux"
    sample.preread = previous.read.isEmpty ? Timestamp.text(0) : previous.read
    sample.precpu = previous.cpu
    guard view.isRunning, let stats = try? await container.runningShim().stats() else {
      sample.read = Timestamp.text(0)
      return sample
    }
    sample.read = Timestamp.text(Timestamp.now())
    sample.memory = StatsForm.memory(stats)
    sample.pids.current = stats.pids
    sample.pids.limit = stats.pidsLimit ?? .max
    sample.blkio = StatsForm.blockIO(stats)
    let devices = view.host.network.isHost ? nil : "/proc/\(view.pid)/net/dev"
    (sample.cpu, sample.networks) = try await Blocking.run {
      (StatsForm.cpu(stats), StatsForm.networks(devices.flatMap { HostFiles.text($0) } ?? ""))
    }
    return sample
  }
}

/// The kernel's numbers as the API has them.
enum StatsForm {
  static func cpu(_ stats: CgroupStats) -> CPUStats {
    var cpu = CPUStats()
    cpu.usage.total = stats.cpuTotal
    cpu.usage.user = stats.cpuUser
    cpu.usage.kernel = stats.cpuSystem
    cpu.usage.perCPU = stats.cpuPerCPU
    cpu.systemUsage = systemTime(HostFiles.text("/proc/stat") ?? "")
    cpu.onlineCPUs = UInt32(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    cpu.throttling.periods = stats.cpuPeriods
    cpu.throttling.throttledPeriods = stats.cpuThrottledPeriods
    cpu.throttling.throttledTime = stats.cpuThrottled
    return cpu
  }

  /// Nanoseconds of all processors together since the machine's start.
  static func systemTime(_ text: String) -> UInt64 {
    guard let line = text.split(separator: "\n").first, line.hasPrefix("cpu ") else { return 0 }
    let ticks = line.split(separator: " ").dropFirst().prefix(7).compactMap { UInt64($0) }.reduce(0, +)
    return ticks * 1_000_000_000 / UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
  }

  static func memory(_ stats: CgroupStats) -> MemoryStats {
    var memory = MemoryStats()
    memory.usage = stats.memoryUsage
    memory.maxUsage = stats.memoryPeak
    memory.failures = stats.memoryFailures
    memory.stats = Dictionary(stats.memoryCounters.map { ($0.name, $0.value) }) { _, last in last }
    let host = UInt64(sysconf(Int32(_SC_PHYS_PAGES))) * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    memory.limit = min(stats.memoryLimit ?? host, host)
    return memory
  }

  static func blockIO(_ stats: CgroupStats) -> BlkioStats {
    func entries(_ operations: [(String, KeyPath<CgroupStats.BlockIO, UInt64>)]) -> [BlkioEntry] {
      stats.blockIO.flatMap { device in
        operations.map { name, value in
          var entry = BlkioEntry()
          entry.major = device.major
          entry.minor = device.minor
          entry.op = name
          entry.value = device[keyPath: value]
          return entry
        }
      }
    }
    var form = BlkioStats()
    form.serviceBytes = entries([("read", \.readBytes), ("write", \.writeBytes)])
    form.serviced = entries([("read", \.readOperations), ("write", \.writeOperations)])
    return form
  }

  /// From `/proc/PID/net/dev`, without the loopback interface.
  static func networks(_ text: String) -> [String: NetworkStats] {
    var result: [String: NetworkStats] = [:]
    for line in text.split(separator: "\n").dropFirst(2) {
      let halves = line.split(separator: ":", maxSplits: 1)
      guard halves.count == 2 else { continue }
      let name = halves[0].trimmingSpaces
      let numbers = halves[1].split(separator: " ").compactMap { UInt64($0) }
      guard name != "lo", numbers.count >= 12 else { continue }
      var stats = NetworkStats()
      (stats.rxBytes, stats.rxPackets, stats.rxErrors, stats.rxDropped) = (numbers[0], numbers[1], numbers[2], numbers[3])
      (stats.txBytes, stats.txPackets, stats.txErrors, stats.txDropped) = (numbers[8], numbers[9], numbers[10], numbers[11])
      result[name] = stats
    }
    return result
  }
}

extension StringProtocol {
  var trimmingSpaces: String { String(drop { $0.isWhitespace }).trimmingNewline }
}
