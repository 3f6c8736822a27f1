// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import Glibc
import LaunchCompiler
import OCISpec

/// Makes the OCI configuration of a container from its definition, with Docker's defaults. Blocking: devices are looked up.
struct SpecBuilder {
  let record: ContainerRecord
  let paths: ContainerPaths
  let mountPoint: String
  let cgroupParent: String
  let networkFiles: NetworkFiles
  let joined: JoinedNamespaces
  /// What links tell the workload.
  let linked: [String]

  private var config: ContainerConfig { record.definition.config }
  private var host: HostConfig { record.definition.hostConfig }

  /// Everything but the seccomp filter, which callers take from a cache.
  func build() throws(HullError) -> RuntimeSpec {
    var spec = RuntimeSpec()
    spec.process = try process()
    spec.root = RuntimeSpec.Root(path: mountPoint, readonly: host.readonlyRootfs)
    if !host.uts.isHost {
      spec.hostname = config.hostname
      spec.domainname = config.domainname.isEmpty ? nil : config.domainname
    }
    if !host.annotations.isEmpty { spec.annotations = host.annotations }
    let mounts = try MountSpec(record: record, paths: paths, networkFiles: networkFiles, joined: joined).build()
    spec.mounts = mounts.mounts
    var linux = RuntimeSpec.Linux()
    linux.rootfsPropagation = mounts.rootPropagation
    linux.namespaces = namespaces()
    linux.sysctl = sysctls()
    linux.cgroupsPath = cgroupPath
    try addDevices(to: &linux)
    if !host.privileged {
      linux.maskedPaths = host.maskedPaths ?? DefaultSpec.maskedPaths
      linux.readonlyPaths = host.readonlyPaths ?? DefaultSpec.readonlyPaths
    }
    spec.linux = linux
    return spec
  }

  var cgroupPath: String { CleanPath.clean("/" + (host.cgroupParent.isEmpty ? cgroupParent : host.cgroupParent) + "/" + record.id) }

  static func capabilities(_ host: HostConfig) throws(HullError) -> [String] {
    try CapabilityNames.docker(add: host.capAdd ?? [], drop: host.capDrop ?? [], privileged: host.privileged)
  }

  private func process() throws(HullError) -> RuntimeSpec.Process {
    var arguments = config.commandLine
    if host.runInit == true && !host.pid.isHost && host.pid.container == nil {
      arguments = [InitProgram.place, "--"] + arguments
    }
    var process = RuntimeSpec.Process(
      args: arguments, env: SpecBuilder.environment(config, linked: linked), cwd: config.workingDir.isEmpty ? "/" : config.workingDir)
    process.terminal = config.tty
    if config.tty, host.consoleSize.count == 2, host.consoleSize != [0, 0] {
      process.consoleSize = RuntimeSpec.ConsoleSize(
        height: UInt(clamping: host.consoleSize[0]), width: UInt(clamping: host.consoleSize[1]))
    }
    process.user = RuntimeSpec.User()
    process.capabilities = DefaultSpec.capabilitySets(try SpecBuilder.capabilities(host))
    process.noNewPrivileges = try SecurityOptions(host.securityOpt ?? []).noNewPrivileges
    process.oomScoreAdj = Int32(clamping: host.oomScoreAdj)
    process.rlimits = (host.ulimits ?? []).map { SpecBuilder.rlimit($0) }
    return process
  }

  static func rlimit(_ limit: Ulimit) -> RuntimeSpec.Rlimit {
    RuntimeSpec.Rlimit(type: "RLIMIT_" + limit.name.uppercased(), soft: self.limit(limit.soft), hard: self.limit(limit.hard))
  }

  private static func limit(_ value: Int64) -> UInt64 { value < 0 ? .max : UInt64(value) }

  /// PATH, HOSTNAME, with a terminal TERM, and what links tell, under the container's own.
  static func environment(_ config: ContainerConfig, linked: [String], terminal: Bool? = nil) -> [String] {
    let defaults = [DefaultSpec.path, "HOSTNAME=\(config.hostname)"] + (terminal ?? config.tty ? ["TERM=xterm"] : [])
    return Environment.replaced(defaults + linked, by: config.env ?? [])
  }

  private func namespaces() -> [RuntimeSpec.Namespace] {
    var list = [RuntimeSpec.Namespace("mount")]
    func add(_ type: String, _ mode: NamespaceMode, _ pid: Int32?, _ file: String) {
      if let pid {
        list.append(RuntimeSpec.Namespace(type, path: "/proc/\(pid)/ns/\(file)"))
      } else if !mode.isHost {
        list.append(RuntimeSpec.Namespace(type))
      }
    }
    add("network", host.network, joined.network, "net")
    add("ipc", host.ipc, joined.ipc, "ipc")
    add("pid", host.pid, joined.pid, "pid")
    if !host.uts.isHost { list.append(RuntimeSpec.Namespace("uts")) }
    if host.cgroupnsMode == "private" && HostFeatures.current.cgroupNamespaces { list.append(RuntimeSpec.Namespace("cgroup")) }
    return list
  }

  private func sysctls() -> [String: String]? {
    var sysctls = host.network.isOwn ? DefaultSpec.networkSysctls : [:]
    sysctls.merge(host.sysctls) { _, own in own }
    return sysctls.isEmpty ? nil : sysctls
  }

  private func addDevices(to linux: inout RuntimeSpec.Linux) throws(HullError) {
    var resources = try ResourceSpec.resources(host)
    var rules = DefaultSpec.deviceRules(privileged: host.privileged)
    var devices: [RuntimeSpec.Device] = host.privileged ? HostDevices.all() : []
    for mapping in host.devices ?? [] {
      let place = mapping.pathInContainer.isEmpty ? mapping.pathOnHost : mapping.pathInContainer
      let found = try HostDevices.at(mapping.pathOnHost, as: place)
      devices.removeAll { device in found.contains { $0.path == device.path } }
      devices += found
      let access = mapping.cgroupPermissions.isEmpty ? "rwm" : mapping.cgroupPermissions
      if !host.privileged {
        rules += found.map { RuntimeSpec.DeviceRule(allow: true, type: $0.type, major: $0.major, minor: $0.minor, access: access) }
      }
    }
    if !host.privileged { for rule in host.deviceCgroupRules ?? [] { rules.append(try DeviceRules.parse(rule)) } }
    resources.devices = rules
    linux.resources = resources
    if !devices.isEmpty { linux.devices = devices }
  }
}

/// The processes of other containers whose namespaces a container joins.
struct JoinedNamespaces: Sendable {
  var network: Int32?
  var ipc: Int32?
  var pid: Int32?
  /// Where the joined container keeps its shared memory.
  var sharedMemory: String?
}

/// The program that `--init` puts first: the host's.
enum InitProgram {
  static let place = "/sbin/docker-init"

  static func find() throws(HullError) -> String {
    let candidates = [
      "/usr/bin/docker-init", "/usr/libexec/docker/docker-init", "/usr/local/bin/docker-init", "/usr/bin/tini-static", "/usr/bin/tini",
      "/usr/libexec/podman/catatonit", "/usr/bin/catatonit",
    ]
    if let found = candidates.first(where: { access($0, X_OK) == 0 }) { return found }
    throw HullError(.invalidArgument, "--init needs an init program on the host, and there is none: install the package tini")
  }
}
