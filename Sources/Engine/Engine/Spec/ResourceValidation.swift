// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import Glibc

/// The rules for limits, with Docker's words.
struct ResourceValidation {
  let features: HostFeatures

  static let smallestMemory: Int64 = 6 << 20

  func check(_ host: inout HostConfig, update: Bool, warnings: inout [String]) throws(HullError) {
    try memory(&host, update: update, warnings: &warnings)
    try processor(&host, warnings: &warnings)
    try cpuset(host)
    try blockIO(&host, warnings: &warnings)
  }

  private func memory(_ host: inout HostConfig, update: Bool, warnings: inout [String]) throws(HullError) {
    if host.memorySwappiness == -1 { host.memorySwappiness = nil }
    guard host.memory == 0 || host.memory >= Self.smallestMemory else { throw invalid("Minimum memory limit allowed is 6MB") }
    if host.memory > 0 && !features.memory {
      warnings.append("Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.")
      host.memory = 0
      host.memorySwap = -1
    }
    if host.memory > 0 && host.memorySwap != -1 && !features.swap {
      warnings.append("Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.")
      host.memorySwap = -1
    }
    if host.memory > 0 && host.memorySwap > 0 && host.memorySwap < host.memory {
      throw invalid("Minimum memoryswap limit should be larger than memory limit, see usage")
    }
    if host.memory == 0 && host.memorySwap > 0 && !update {
      throw invalid("You should always set the Memory limit when using Memoryswap limit, see usage")
    }
    if host.memorySwappiness != nil && !features.swappiness {
      warnings.append("Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.")
      host.memorySwappiness = nil
    }
    if let swappiness = host.memorySwappiness, !(0...100).contains(swappiness) {
      throw invalid("Invalid value: \(swappiness), valid memory swappiness range is 0-100")
    }
    if host.memoryReservation > 0 && !features.memoryReservation {
      warnings.append("Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.")
      host.memoryReservation = 0
    }
    if host.memoryReservation > 0 && host.memoryReservation < Self.smallestMemory { throw invalid("Minimum memory reservation allowed is 6MB") }
    if host.memory > 0 && host.memoryReservation > 0 && host.memory < host.memoryReservation {
      throw invalid("Minimum memory limit can not be less than memory reservation limit, see usage")
    }
    if host.memory > 0 && host.memorySwap == 0 && !update { host.memorySwap = host.memory.multipliedReportingOverflow(by: 2).partialValue }
    if host.oomKillDisable == true && !features.oomKillDisable {
      warnings.append("Your kernel does not support OomKillDisable. OomKillDisable discarded.")
      host.oomKillDisable = nil
    }
    if host.oomKillDisable == true && host.memory == 0 {
      warnings.append(
        "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.")
    }
    if let limit = host.pidsLimit, !features.pids {
      if limit > 0 { warnings.append("Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.") }
      host.pidsLimit = nil
    }
  }

  private func processor(_ host: inout HostConfig, warnings: inout [String]) throws(HullError) {
    if host.nanoCPUs > 0 && host.cpuPeriod > 0 { throw invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set") }
    if host.nanoCPUs > 0 && host.cpuQuota > 0 { throw invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set") }
    if host.nanoCPUs > 0 && !features.cpuQuota {
      throw invalid("NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted")
    }
    let processors = Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    if host.nanoCPUs < 0 || host.nanoCPUs > processors * 1_000_000_000 {
      throw invalid("range of CPUs is from 0.01 to \(processors).00, as there are only \(processors) CPUs available")
    }
    guard host.cpuShares >= 0 else { throw invalid("invalid CPU shares (\(host.cpuShares)): value must be a positive integer") }
    if host.cpuShares > 0 && !features.cpuShares {
      warnings.append("Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.")
      host.cpuShares = 0
    }
    if (host.cpuPeriod != 0 || host.cpuQuota != 0) && !features.cpuQuota {
      warnings.append("Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.")
      host.cpuPeriod = 0
      host.cpuQuota = 0
    }
    if host.cpuPeriod != 0 && !(1000...1_000_000).contains(host.cpuPeriod) {
      throw invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)")
    }
    if host.cpuQuota > 0 && host.cpuQuota < 1000 { throw invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)") }
    if host.cpuPercent > 0 {
      warnings.append("linux does not support CPU percent. Percent discarded.")
      host.cpuPercent = 0
    }
  }

  private func cpuset(_ host: HostConfig) throws(HullError) {
    let sets = [("CPUs", "cpuset cpus", host.cpusetCpus, features.onlineCPUs), ("memory nodes", "cpuset mems", host.cpusetMems, features.onlineMems)]
    for (things, name, wanted, available) in sets where !wanted.isEmpty {
      guard let fits = HostFeatures.isSubset(wanted, of: available) else { throw invalid("Invalid value \(wanted) for \(name)") }
      guard fits else { throw invalid("Requested \(things) are not available - requested \(wanted), available: \(available)") }
    }
  }

  private func blockIO(_ host: inout HostConfig, warnings: inout [String]) throws(HullError) {
    if host.blkioWeight > 0 && !features.blkioWeight {
      warnings.append("Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.")
      host.blkioWeight = 0
    }
    if host.blkioWeight > 0 && !(10...1000).contains(host.blkioWeight) { throw invalid("Range of blkio weight is from 10 to 1000") }
    if host.ioMaximumBandwidth != 0 || host.ioMaximumIOps != 0 {
      throw invalid("Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps")
    }
    if !(host.blkioWeightDevice ?? []).isEmpty && !features.blkioWeight {
      warnings.append("Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.")
      host.blkioWeightDevice = []
    }
    if !features.blkioThrottle {
      let limits: [(WritableKeyPath<HostConfig, [ThrottleDevice]?>, String)] = [
        (\.blkioDeviceReadBps, "BPS Block I/O read"), (\.blkioDeviceWriteBps, "BPS Block I/O write"), (\.blkioDeviceReadIOps, "IOPS Block read"),
        (\.blkioDeviceWriteIOps, "IOPS Block write"),
      ]
      for (path, name) in limits where !(host[keyPath: path] ?? []).isEmpty {
        warnings.append("Your kernel does not support \(name) limit or the cgroup is not mounted. Limit discarded.")
        host[keyPath: path] = []
      }
    }
  }

  private func invalid(_ message: String) -> HullError { HullError(.invalidArgument, message) }
}
