// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch
import OCISpec
import Seccomp

/// Turns an OCI configuration into a launch plan: everything is checked and computed here, before the clone.
package enum LaunchCompiler {
  /// Compiles a configuration.
  ///
  /// - Parameters:
  ///   - id: names the workload, and its cgroup where the configuration has no path for it.
  ///   - bundle: an absolute directory; the configuration's relative paths begin there.
  ///   - root: the root file system when it isn't the configuration's directory (its read-only flag and propagation are still taken from there).
  ///   - seccomp: compiles the filter; a caller may answer from a cache.
  package static func compile(
    _ spec: RuntimeSpec, id: String, bundle: String, root override: RootPlan? = nil,
    seccomp: (RuntimeSpec.Seccomp) throws(HullError) -> Seccomp.Program = { filter throws(HullError) in try Seccomp.program(filter) }
  ) throws(HullError) -> LaunchPlan {
    guard let process = spec.process else { throw HullError(.invalidArgument, "config.json: process property must not be empty") }
    try validate(spec)
    let program = try spec.linux?.seccomp.map { filter throws(HullError) in try seccomp(filter) } ?? Seccomp.Program()
    var plan = LaunchPlan(
      id: id, root: try root(spec, bundle: bundle, override: override), namespaces: try namespaces(spec),
      process: try self.process(process, seccomp: program))
    plan.uidMappings = mappings(spec.linux?.uidMappings)
    plan.gidMappings = mappings(spec.linux?.gidMappings)
    plan.hostname = spec.hostname.flatMap { $0.isEmpty ? nil : $0 }
    plan.domainname = spec.domainname.flatMap { $0.isEmpty ? nil : $0 }
    for mount in spec.mounts ?? [] { plan.mounts.append(try self.mount(mount, bundle: bundle)) }
    plan.devices = try devices(spec, mounts: plan.mounts)
    plan.maskedPaths = spec.linux?.maskedPaths ?? []
    plan.readonlyPaths = spec.linux?.readonlyPaths ?? []
    plan.sysctls = try sysctls(spec)
    plan.cgroup = try cgroup(spec, id: id)
    plan.hooks = hooks(spec, bundle: bundle)
    plan.timeOffsets = (spec.linux?.timeOffsets ?? [:]).sorted { $0.key < $1.key }
      .map { Setting($0.key, "\($0.value.secs ?? 0) \($0.value.nanosecs ?? 0)") }
    return plan
  }

  private static func root(_ spec: RuntimeSpec, bundle: String, override: RootPlan?) throws(HullError) -> RootPlan {
    let propagation = try spec.linux?.rootfsPropagation.flatMap { $0.isEmpty ? nil : $0 }
      .map { name throws(HullError) in try MountOptions.propagation(name) }
    var plan: RootPlan
    if let override {
      plan = override
      if let propagation { plan.propagation = propagation }
    } else {
      guard let path = spec.root?.path, !path.isEmpty else { throw HullError(.invalidArgument, "config.json: root must be specified") }
      let directory = path.hasPrefix("/") ? path : bundle + "/" + path
      plan = RootPlan(source: .directory(directory), mountPoint: "", propagation: propagation ?? MountOptions.slave | MountOptions.recursive)
    }
    if spec.root?.readonly == true { plan.readonly = true }
    return plan
  }

  private static func cgroup(_ spec: RuntimeSpec, id: String) throws(HullError) -> CgroupPlan {
    var plan = CgroupPlan(path: try cgroupPath(spec.linux?.cgroupsPath, id: id))
    if let resources = spec.linux?.resources { plan.resources = try self.resources(resources) }
    plan.resources.devices = try devicePolicy(spec.linux?.resources?.devices ?? [])
    return plan
  }

  static func mappings(_ mappings: [RuntimeSpec.IDMapping]?) -> [IDMapping] {
    (mappings ?? []).map { IDMapping(container: $0.containerID, host: $0.hostID, size: $0.size) }
  }

  /// The hooks of all stages, with what their state shows.
  package static func hooks(_ spec: RuntimeSpec, bundle: String) -> HookPlan {
    func list(_ hooks: [RuntimeSpec.Hook]?) -> [HookPlan.Hook] {
      (hooks ?? []).map {
        HookPlan.Hook(path: $0.path, arguments: $0.args ?? [$0.path], environment: $0.env ?? [], timeout: $0.timeout.map(Int32.init(clamping:)))
      }
    }
    var plan = HookPlan()
    plan.bundle = bundle
    plan.annotations = (spec.annotations ?? [:]).sorted { $0.key < $1.key }.map { Setting($0.key, $0.value) }
    plan.prestart = list(spec.hooks?.prestart)
    plan.createRuntime = list(spec.hooks?.createRuntime)
    plan.createContainer = list(spec.hooks?.createContainer)
    plan.startContainer = list(spec.hooks?.startContainer)
    plan.poststart = list(spec.hooks?.poststart)
    plan.poststop = list(spec.hooks?.poststop)
    return plan
  }
}
