// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore

/// Makes the answer of `docker inspect`.
struct ContainerInspection {
  let view: ContainerView
  let services: Services
  let execIDs: [String]

  private var record: ContainerRecord { view.record }
  private var paths: ContainerPaths { services.paths.container(record.id) }
  private var layer: WritableLayer { paths.layer(of: record) }

  func answer() -> ContainerInspect {
    var answer = ContainerInspect()
    let command = view.config.commandLine
    let files = view.host.network.container.map { NetworkFiles(services.paths.container($0)) } ?? NetworkFiles(paths)
    answer.id = record.id
    answer.created = Timestamp.text(record.created)
    answer.path = command.first ?? ""
    answer.args = Array(command.dropFirst())
    answer.state = state()
    answer.image = record.definition.imageID
    answer.resolvConfPath = files.resolvConf
    answer.hostnamePath = files.hostname
    answer.hostsPath = files.hosts
    answer.logPath = view.host.logConfig.type == "none" ? "" : paths.log
    answer.name = "/" + record.name
    answer.restartCount = record.state.restartCount
    answer.driver = storageDriver
    answer.platform = "linux"
    answer.execIDs = execIDs.isEmpty ? nil : execIDs
    answer.hostConfig = view.host
    answer.hostConfig.links = LegacyLinks(services: services, record: record).shown
    answer.graphDriver.name = storageDriver
    answer.graphDriver.data = ["UpperDir": layer.upper, "WorkDir": layer.work, "ID": record.id]
    answer.mounts = record.definition.mounts.filter { $0.kind != .tmpfs || $0.fromMountSpec }.map(\.point)
    answer.config = view.config
    answer.networkSettings = network()
    return answer
  }

  private func state() -> ContainerState {
    let status = view.status
    var state = ContainerState()
    state.status = status.rawValue
    state.running = view.isRunning
    state.paused = status == .paused
    state.restarting = status == .restarting
    state.oomKilled = record.state.oomKilled
    state.dead = status == .dead
    state.pid = Int(view.pid)
    state.exitCode = Int(record.state.exitCode)
    state.error = record.state.error
    state.startedAt = Timestamp.text(record.state.startedAt)
    state.finishedAt = Timestamp.text(record.state.finishedAt)
    state.health = view.health
    return state
  }

  private func network() -> DockerAPI.NetworkSettings {
    var settings = DockerAPI.NetworkSettings()
    if view.isRunning && view.pid > 0 { settings.sandboxKey = "/proc/\(view.pid)/ns/net" }
    settings.sandboxID = view.isRunning ? record.id : ""
    settings.networks = view.networks
    if view.isRunning { settings.ports = view.portMap }
    settings.fillOld(view.networks["bridge"] ?? EndpointSettings())
    return settings
  }
}

/// What inspect and info call the storage driver.
let storageDriver = "overlay2"
