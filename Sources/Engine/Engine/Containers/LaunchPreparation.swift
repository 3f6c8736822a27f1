// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import Launch
import LaunchCompiler
import OCISpec
import ShimProtocol

/// Everything between a container's definition and the request to its shim. Blocking: directories and files are made.
struct LaunchPreparation: Sendable {
  let record: ContainerRecord
  let paths: ContainerPaths
  let services: Services
  let lower: [String]
  let joined: JoinedNamespaces
  let connection: ConnectionRecord?

  private var host: HostConfig { record.definition.hostConfig }

  func request() throws(HullError) -> LaunchRequest {
    let layer = paths.layer(of: record)
    try ContainerDirectories(layer).make()
    let files = try networkFiles()
    var spec = try SpecBuilder(
      record: record, paths: paths, mountPoint: services.paths.mountPoint, cgroupParent: services.configuration.cgroupParent, networkFiles: files,
      joined: joined, linked: try LegacyLinks(services: services, record: record).environment()
    ).build()
    let root = RootPlan(
      source: .overlay(lower: lower, upper: layer.upper, work: layer.work), mountPoint: services.paths.mountPoint,
      propagation: MountOptions.private | MountOptions.recursive)
    var plan = try LaunchCompiler.compile(spec, id: record.id, bundle: paths.bundle, root: root)
    try MountSources(services: services).complete(&plan, of: record)
    try ForeignPrograms(platform: record.definition.platform).complete(
      &plan, runtime: services.configuration.runtimes[host.runtime] == nil ? nil : host.runtime)
    let program = try services.seccomp.program(host)
    plan.process.seccompProgram = program.code
    plan.process.seccompFlags = program.flags
    plan.process.user = .name(record.definition.config.user, additional: host.groupAdd ?? [])
    for index in plan.process.rlimits.indices { plan.process.rlimits[index].required = true }
    var request = LaunchRequest(plan: plan)
    request.stdin = !record.definition.config.openStdin ? .closed : record.definition.config.stdinOnce ? .openOnce : .open
    if let connection { request.network = try PlanBuilder(services: services, record: record, connection: connection).plan() }
    request.log = try LogSettings(host.logConfig).plan(path: paths.log)
    if let path = services.configuration.runtimes[host.runtime] {
      try complete(&spec)
      MountSources.redirect(&spec, plan, bundle: paths.bundle)
      request.runtime = .command(try writeBundle(spec, runtime: path))
    }
    return request
  }

  /// A container in another's network has that one's files.
  private func networkFiles() throws(HullError) -> NetworkFiles {
    if let other = host.network.container {
      return NetworkFiles(services.paths.container(try services.registry.find(other).id))
    }
    let files = NetworkFiles(paths)
    try files.write(record, connection: connection, services: services)
    return files
  }

  /// What runtimes with a command line do not look up themselves.
  private func complete(_ spec: inout RuntimeSpec) throws(HullError) {
    spec.linux?.seccomp = try services.seccomp.filter(host)
    let layer = paths.layer(of: record)
    let users = try UserLookup(lower: lower, upper: layer.upper, work: layer.work)
    spec.process?.user = try users.user(record.definition.config.user, groups: host.groupAdd ?? [])
  }

  private func writeBundle(_ spec: RuntimeSpec, runtime path: String) throws(HullError) -> CommandRuntime {
    try HostFiles.makeDirectories(paths.bundle, mode: 0o700)
    try HostFiles.write(String(decoding: try DockerJSON.encode(spec), as: UTF8.self), to: paths.bundle + "/config.json", mode: 0o600)
    return CommandRuntime(path: path, root: services.paths.state + "/runtime-" + host.runtime, bundle: paths.bundle)
  }
}

/// The directories of a container that hold what it writes.
struct ContainerDirectories: Sendable {
  let layer: WritableLayer

  init(_ layer: WritableLayer) { self.layer = layer }

  /// Makes what is missing. Blocking.
  func make() throws(HullError) {
    try HostFiles.makeDirectory(layer.directory, mode: 0o710)
    try HostFiles.makeDirectory(layer.upper)
    try makeMarker()
    try HostFiles.makeDirectory(layer.work, mode: 0o700)
  }

  /// Programs tell by it that they are in a container.
  private func makeMarker() throws(HullError) {
    let path = layer.upper + "/.dockerenv"
    if !HostFiles.exists(path) { try HostFiles.write("", to: path, mode: 0o755) }
  }
}
