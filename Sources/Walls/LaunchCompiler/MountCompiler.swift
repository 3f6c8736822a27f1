// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch
import OCISpec

extension LaunchCompiler {
  /// One mount of the configuration as the launcher makes it. `bundle` is where relative sources begin.
  static func mount(_ mount: RuntimeSpec.Mount, bundle: String) throws(HullError) -> MountPlan {
    do throws(HullError) {
      let options = try MountOptions(mount.options ?? [])
      guard mount.uidMappings == nil && mount.gidMappings == nil else {
        throw HullError(.unsupported, "id-mapped mounts are not implemented; leave out uidMappings and gidMappings")
      }
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
      return plan
    } catch {
      throw HullError(error.code, "invalid mount \(mount.destination)", cause: error)
    }
  }

  private static func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "/" + path }
}
