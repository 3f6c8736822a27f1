// SPDX-License-Identifier: Apache-2.0
import Errors

/// The host's control groups, v1, v2 or hybrid. Paths are as in `CgroupPlan.path`: below every hierarchy's root.
package enum Cgroups {
  /// Makes the group in every hierarchy and sets its limits. Returns warnings.
  @discardableResult
  package static func create(_ plan: CgroupPlan) throws(HullError) -> [String] {
    let host = try CgroupHierarchies.host()
    let isNew = try host.make(plan.path)
    do { return try host.apply(plan.resources, to: plan.path) } catch {
      if isNew { try? host.remove(plan.path) }
      throw error
    }
  }

  /// Changes the limits of an existing group; what is `nil` or empty stays as it is. Returns warnings.
  @discardableResult
  package static func apply(_ resources: CgroupPlan.Resources, to path: String) throws(HullError) -> [String] {
    try CgroupHierarchies.host().apply(resources, to: path)
  }

  /// Moves a process into the group.
  package static func add(_ pid: Int32, to path: String) throws(HullError) { try CgroupHierarchies.host().add(pid, to: path) }

  /// Kills what is left in the group and in groups below it, waits until they are gone and removes the directories. No group: no error.
  package static func remove(_ path: String) throws(HullError) { try CgroupHierarchies.host().remove(path) }

  /// Stops every process of the group; returns when all stand still.
  package static func freeze(_ path: String) throws(HullError) { try CgroupHierarchies.host().setFrozen(path, true) }

  /// Lets the processes of a frozen group go on.
  package static func thaw(_ path: String) throws(HullError) { try CgroupHierarchies.host().setFrozen(path, false) }

  /// The processes in the group and in groups below it, as the caller's pid namespace numbers them.
  package static func processes(_ path: String) throws(HullError) -> [Int32] { try CgroupHierarchies.host().processes(path) }

  /// Sends a signal to every process of the group and the groups below it.
  package static func signal(_ number: Int32, to path: String) throws(HullError) { try CgroupHierarchies.host().signal(number, to: path) }

  /// What the kernel has counted for the group.
  package static func stats(_ path: String) throws(HullError) -> CgroupStats { try CgroupHierarchies.host().stats(path) }

  /// How many processes the kernel has killed in this group for lack of memory; 0 when the group is gone.
  package static func oomKills(_ path: String) -> UInt64 { (try? CgroupHierarchies.host())?.oomKills(path) ?? 0 }
}
