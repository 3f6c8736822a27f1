// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What the host's kernel and its control groups can do: read once.
struct HostFeatures: Sendable {
  var isUnified = false
  var memory = false
  var swap = false
  var memoryReservation = false
  var swappiness = false
  var oomKillDisable = false
  var pids = false
  var cpuShares = false
  var cpuQuota = false
  var cpuset = false
  var blkioWeight = false
  var blkioThrottle = false
  var cgroupNamespaces = false
  /// Lists as `0-3,7`.
  var onlineCPUs = ""
  var onlineMems = ""

  static let current = HostFeatures()

  private init() {
    let mounts = HostFiles.text("/proc/self/mountinfo") ?? ""
    let hierarchies = HostFeatures.hierarchies(mounts)
    isUnified = hierarchies.isEmpty && HostFiles.exists("/sys/fs/cgroup/cgroup.controllers")
    if isUnified { readUnified() } else { readLegacy(hierarchies) }
    cgroupNamespaces = HostFiles.exists("/proc/self/ns/cgroup")
    onlineCPUs = HostFeatures.word("/sys/devices/system/cpu/online") ?? ""
    onlineMems = HostFeatures.word("/sys/devices/system/node/online") ?? "0"
  }

  private mutating func readUnified() {
    let controllers = Set((HostFiles.text("/sys/fs/cgroup/cgroup.controllers") ?? "").split(separator: " ").map { $0.trimmingNewline })
    memory = controllers.contains("memory")
    swap = memory && HostFiles.exists("/proc/swaps")
    memoryReservation = memory
    pids = controllers.contains("pids")
    cpuShares = controllers.contains("cpu")
    cpuQuota = cpuShares
    cpuset = controllers.contains("cpuset")
    blkioWeight = controllers.contains("io") && HostFiles.exists("/sys/fs/cgroup/system.slice/io.weight")
    blkioThrottle = controllers.contains("io")
  }

  private mutating func readLegacy(_ hierarchies: [String: String]) {
    func has(_ controller: String, _ file: String) -> Bool { hierarchies[controller].map { HostFiles.exists($0 + "/" + file) } ?? false }
    memory = hierarchies["memory"] != nil
    swap = has("memory", "memory.memsw.limit_in_bytes")
    memoryReservation = has("memory", "memory.soft_limit_in_bytes")
    swappiness = has("memory", "memory.swappiness")
    oomKillDisable = has("memory", "memory.oom_control")
    pids = hierarchies["pids"] != nil
    cpuShares = has("cpu", "cpu.shares")
    cpuQuota = has("cpu", "cpu.cfs_quota_us")
    cpuset = hierarchies["cpuset"] != nil
    blkioWeight = has("blkio", "blkio.weight") || has("blkio", "blkio.bfq.weight")
    blkioThrottle = has("blkio", "blkio.throttle.read_bps_device")
  }

  /// controller → mount point, of version 1.
  private static func hierarchies(_ mounts: String) -> [String: String] {
    var result: [String: String] = [:]
    for line in mounts.split(separator: "\n") {
      let halves = line.split(separator: " - ", maxSplits: 1)
      guard halves.count == 2, halves[1].hasPrefix("cgroup ") else { continue }
      let fields = halves[0].split(separator: " ")
      guard fields.count > 4, let options = halves[1].split(separator: " ").last else { continue }
      for option in options.split(separator: ",") { result[String(option)] = String(fields[4]) }
    }
    return result
  }

  private static func word(_ path: String) -> String? { HostFiles.text(path)?.trimmingNewline }

  /// Whether all of a list like `0-2,5` is in another. `nil` when the text is not such a list.
  static func isSubset(_ list: String, of available: String) -> Bool? {
    guard let wanted = numbers(list), let present = numbers(available) else { return nil }
    return wanted.isSubset(of: present)
  }

  static func numbers(_ list: String) -> Set<Int>? {
    var result: Set<Int> = []
    if list.isEmpty { return result }
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], 0 <= first, first <= last, last <= 8192 else {
        return nil
      }
      result.formUnion(first...last)
    }
    return result
  }
}

extension StringProtocol {
  var trimmingNewline: String {
    var text = String(self)
    while text.last?.isWhitespace ?? false { text.removeLast() }
    return text
  }
}
