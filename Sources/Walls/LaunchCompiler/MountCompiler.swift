// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch
import OCISpec

extension LaunchCompiler {
  /// One mount of the configuration as the launcher makes it. `bundle` is where relative sources begin.
  package static func mount(_ mount: RuntimeSpec.Mount, bundle: String) throws(HullError) -> MountPlan {
    do throws(HullError) {
      let options = try MountOptions(mount.options ?? [])
      guard !(mount.destination + (mount.source ?? "") + (mount.type ?? "") + options.data).utf8.contains(0) else {
        throw HullError(.invalidArgument, "contains a null byte")
      }
      var plan = MountPlan(type: mount.type ?? "none", source: mount.source ?? mount.type ?? "none", destination: absolute(mount.destination))
      plan.flags = options.flags
      plan.propagation = options.propagation
      plan.data = options.data
      plan.recursiveSet = options.recursiveSet
      plan.recursiveClear = options.recursiveClear
      plan.copyUp = options.copyUp
      if plan.type == "bind" && plan.flags & MountOptions.bind == 0 { plan.flags |= MountOptions.bind | MountOptions.recursive }
      if plan.flags & MountOptions.bind != 0 {
        plan.type = "bind"
        guard let source = mount.source, !source.isEmpty else { throw HullError(.invalidArgument, "a bind mount needs a source") }
        plan.source = source.hasPrefix("/") ? source : bundle + "/" + source
      }
      (plan.uidMappings, plan.gidMappings) = (mappings(mount.uidMappings), mappings(mount.gidMappings))
      try checkMappings(plan, wanted: options.mapsOwners)
      return plan
    } catch {
      throw HullError(error.code, "invalid mount \(mount.destination)", cause: error)
    }
  }

  private static func checkMappings(_ plan: MountPlan, wanted: Bool) throws(HullError) {
    let given = (plan.uidMappings.isEmpty, plan.gidMappings.isEmpty)
    guard given.0 == given.1 else { throw HullError(.invalidArgument, "has uidMappings without gidMappings, or the other way round") }
    guard !wanted || !given.0 else { throw HullError(.unsupported, "mount option idmap needs uidMappings and gidMappings of the mount's own") }
    guard given.0 || plan.type == "bind" else { throw HullError(.unsupported, "only bind mounts can have uidMappings and gidMappings") }
  }

  private static func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "/" + path }
}
