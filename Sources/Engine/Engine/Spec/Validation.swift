// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import Glibc
import LaunchCompiler

/// Checks what a client asks for and fills in defaults, with Docker's rules and words. What a container cannot have on this host is left out
/// with a warning, as Docker does.
struct Validation {
  var warnings: [String] = []
  let features: HostFeatures
  let runtimes: Set<String>
  let defaultRuntime: String

  private static let shortestDuration: Int64 = 1_000_000
  private static let longestHostname = 64
  private static let defaultShmSize: Int64 = 64 << 20

  init(features: HostFeatures = .current, runtimes: Set<String>, defaultRuntime: String) {
    self.features = features
    self.runtimes = runtimes
    self.defaultRuntime = defaultRuntime
  }

  mutating func check(_ config: inout ContainerConfig) throws(HullError) {
    if !config.workingDir.isEmpty {
      guard config.workingDir.hasPrefix("/") else {
        throw invalid("the working directory '\(config.workingDir)' is invalid, it needs to be an absolute path")
      }
      config.workingDir = CleanPath.clean(config.workingDir)
    }
    if !config.stopSignal.isEmpty { _ = try Signals.parse(config.stopSignal) }
    for entry in config.env ?? [] where entry.isEmpty || entry.hasPrefix("=") { throw invalid("invalid environment variable: \(entry)") }
    for text in config.commandLine + (config.env ?? []) + [config.hostname, config.domainname, config.user, config.workingDir]
    where text.utf8.contains(0) { throw invalid("a text in the container's configuration contains a null byte") }
    if config.hostname.utf8.count > Validation.longestHostname {
      throw invalid("hostname \"\(config.hostname)\" is too long (maximum \(Validation.longestHostname) bytes)")
    }
    if let check = config.healthcheck { try self.check(check) }
  }

  private func check(_ health: HealthConfig) throws(HullError) {
    let durations = [
      ("Interval", health.interval), ("Timeout", health.timeout), ("StartPeriod", health.startPeriod), ("StartInterval", health.startInterval),
    ]
    for (name, value) in durations where value != 0 && value < Validation.shortestDuration {
      throw invalid("\(name) in Healthcheck cannot be less than 1ms")
    }
    guard health.retries >= 0 else { throw invalid("Retries in Healthcheck cannot be negative") }
  }

  /// Everything of the host's part but mounts. `update`: some rules do not hold when a container's resources are changed.
  mutating func check(_ host: inout HostConfig, update: Bool = false) throws(HullError) {
    if host.restartPolicy.name.isEmpty && !update { host.restartPolicy.name = "no" }
    if host.consoleSize.count != 2 { host.consoleSize = [0, 0] }
    guard !host.autoRemove || host.restartPolicy.isNone else { throw invalid("can't create 'AutoRemove' container with restart policy") }
    for entry in host.extraHosts ?? [] { try NetworkFiles.checkExtraHost(entry) }
    try host.restartPolicy.validate()
    _ = try CapabilityNames.docker(add: host.capAdd ?? [], drop: host.capDrop ?? [], privileged: host.privileged)
    guard ["", "default"].contains(host.isolation.lowercased()) else { throw invalid("invalid isolation '\(host.isolation)' on linux") }
    guard !host.annotations.keys.contains("") else {
      throw invalid("invalid Annotations: the empty string is not permitted as an annotation key")
    }
    try ResourceValidation(features: features).check(&host, update: update, warnings: &warnings)
    if update { return }
    try checkModes(&host)
    try checkRefused(host)
    guard host.shmSize >= 0 else { throw invalid("SHM size can not be less than 0") }
    if host.shmSize == 0 { host.shmSize = Validation.defaultShmSize }
    guard (-1000...1000).contains(host.oomScoreAdj) else {
      throw invalid("Invalid value \(host.oomScoreAdj), range for oom score adj is [-1000, 1000]")
    }
    for (destination, options) in host.tmpfs {
      try Binds.checkTarget(destination, type: nil)
      _ = try TmpfsMounts.merged(options)
    }
    _ = try SecurityOptions(host.securityOpt ?? [])
    if host.runtime.isEmpty { host.runtime = defaultRuntime }
    guard runtimes.contains(host.runtime) else {
      throw invalid("unknown or invalid runtime name: \(host.runtime)")
    }
    if host.logConfig.type.isEmpty { host.logConfig.type = "json-file" }
    host.logConfig.config = host.logConfig.config ?? [:]
    _ = try LogSettings(host.logConfig)
  }

  private mutating func checkModes(_ host: inout HostConfig) throws(HullError) {
    let ipc = host.ipcMode
    guard ["", "none", "private", "shareable", "host"].contains(ipc) || host.ipc.container != nil else { throw invalid("invalid IPC mode: \(ipc)") }
    guard ["", "host"].contains(host.pidMode) || host.pid.container != nil else { throw invalid("invalid PID mode: \(host.pidMode)") }
    guard ["", "host"].contains(host.utsMode) else { throw invalid("invalid UTS mode: \(host.utsMode)") }
    guard ["", "host"].contains(host.usernsMode) else { throw invalid("invalid USER mode: \(host.usernsMode)") }
    guard ["", "private", "host"].contains(host.cgroupnsMode) else { throw invalid("invalid cgroup namespace mode: \(host.cgroupnsMode)") }
    if host.ipcMode.isEmpty { host.ipcMode = "private" }
    if host.cgroupnsMode.isEmpty { host.cgroupnsMode = features.isUnified ? "private" : "host" }
    if host.networkMode.isEmpty { host.networkMode = "default" }
    if host.networkMode.hasPrefix("container:") && host.network.container == nil {
      throw invalid("invalid network mode: \(host.networkMode)")
    }
    if host.network.isHost && !(host.portBindings ?? [:]).isEmpty {
      warnings.append("Published ports are discarded when using host network mode")
    }
  }

  private func checkRefused(_ host: HostConfig) throws(HullError) {
    guard host.storageOpt.isEmpty else {
      throw HullError(
        .invalidArgument,
        "--storage-opt is supported only for overlay over xfs with 'pquota' mount option: hull does not limit a container's disk use yet")
    }
    if let request = host.deviceRequests?.first {
      throw HullError(.invalidArgument, "could not select device driver \"\(request.driver)\" with capabilities: \(request.capabilities ?? [])")
    }
  }

  func invalid(_ message: String) -> HullError { HullError(.invalidArgument, message) }
}
