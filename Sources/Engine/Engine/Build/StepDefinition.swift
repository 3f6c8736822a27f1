// SPDX-License-Identifier: Apache-2.0
import Builder
import DockerAPI
import EngineStore
import Errors
import Launch
import LinuxSystem
import OCISpec

/// The container that a step's command runs in.
struct StepDefinition {
  /// What BuildKit's containers are called: commands that look at it find what they know.
  private static let hostname = "buildkitsandbox"
  private static let shmSize: Int64 = 64 << 20

  private let run: StepRun
  private let services: Services

  init(_ run: StepRun, services: Services) {
    self.run = run
    self.services = services
  }

  func record() throws(HullError) -> ContainerRecord {
    var (config, host) = (config(), host())
    var validation = Validation(runtimes: services.runtimeNames, defaultRuntime: services.configuration.defaultRuntime)
    try validation.check(&config)
    try validation.check(&host)
    let networks = try NetworkChoice(services: services).networks(&host, config, NetworkingConfig())
    var definition = ContainerDefinition(
      imageID: "", platform: run.platform.description, config: config, hostConfig: host, networks: networks, mounts: mounts())
    definition.hostConfig.maskedPaths = run.insecure ? nil : Defaults.maskedPaths
    definition.hostConfig.readonlyPaths = run.insecure ? nil : Defaults.readonlyPaths
    return ContainerRecord(id: run.id, name: "step-\(run.id.prefix(12))", created: Timestamp.now(), definition: definition)
  }

  private func config() -> ContainerConfig {
    var config = ContainerConfig()
    // Another container's network comes with that one's name.
    if !run.network.hasPrefix("container:") { config.hostname = run.hostname.isEmpty ? StepDefinition.hostname : run.hostname }
    config.cmd = run.arguments
    config.env = run.environment
    config.workingDir = run.directory
    config.user = run.user
    return config
  }

  private func host() -> HostConfig {
    var host = HostConfig()
    host.networkMode = run.network
    host.extraHosts = run.extraHosts.isEmpty ? nil : run.extraHosts
    host.privileged = run.insecure
    host.logConfig.type = "none"
    let limits = run.limits
    (host.memory, host.memorySwap) = (limits.memory, limits.memorySwap)
    (host.cpuShares, host.cpuPeriod, host.cpuQuota) = (limits.cpuShares, limits.cpuPeriod, limits.cpuQuota)
    (host.cpusetCpus, host.cpusetMems, host.cgroupParent) = (limits.cpusetCpus, limits.cpusetMems, limits.cgroupParent)
    host.shmSize = limits.shmSize > 0 ? limits.shmSize : StepDefinition.shmSize
    host.ulimits = limits.ulimits.isEmpty ? nil : limits.ulimits.map(StepDefinition.ulimit)
    return host
  }

  private static func ulimit(_ limit: BuildLimits.Ulimit) -> Ulimit {
    var result = Ulimit()
    (result.name, result.soft, result.hard) = (limit.name, limit.soft, limit.hard)
    return result
  }

  private func mounts() -> [MountRecord] {
    run.mounts.map { mount in
      switch mount {
      case .bind(let source, let target, let writable):
        var record = MountRecord(kind: .bind, source: source, destination: target)
        record.writable = writable
        record.propagation = "rprivate"
        return record
      case .layers(_, let path, let target, _):
        var record = MountRecord(kind: .image, source: services.paths.emptyLayer, destination: target)
        record.writable = false
        record.subpath = path
        return record
      case .tmpfs(let target, let size):
        var record = MountRecord(kind: .tmpfs, source: "", destination: target)
        record.options = size > 0 ? "size=\(size)" : ""
        return record
      }
    }
  }

  /// Layers that no image has.
  static func complete(_ plan: inout LaunchPlan, for run: StepRun) {
    if run.insecure { InsecureDevices.add(to: &plan) }
    for case .layers(let layers, let path, let target, let changes) in run.mounts {
      guard let index = plan.mounts.lastIndex(where: { $0.isBind && $0.destination == target }) else { continue }
      (plan.mounts[index].layers, plan.mounts[index].subpath) = (layers, path)
      guard let changes else { continue }
      plan.mounts[index].changes = changes
      // An image's files are never written to; these are changed beside them.
      plan.mounts[index].flags &= ~MountFlag.readOnly
    }
  }
}
