// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// Where a host's control group hierarchies are mounted: v1, one directory per set of controllers; v2, one directory for all.
package struct CgroupHierarchies: Sendable, Equatable {
  /// A v1 hierarchy.
  package struct Legacy: Sendable, Equatable {
    /// `cpu`, `cpuacct`; `name=systemd` for one without controllers.
    package var controllers: [String]
    package var mountPoint: String
    package init(controllers: [String], mountPoint: String) {
      self.controllers = controllers
      self.mountPoint = mountPoint
    }
  }

  /// Empty on a v2 host.
  package var legacy: [Legacy]
  /// The v2 hierarchy. Where there are v1 hierarchies too (hybrid), those are used and this one is left alone.
  package var unified: String?

  package init(legacy: [Legacy], unified: String?) {
    self.legacy = legacy
    self.unified = unified
  }

  /// No hierarchy at all: for a workload without a control group.
  static let none = CgroupHierarchies(legacy: [], unified: nil)

  /// Whether limits and processes go to the v2 hierarchy.
  package var isUnified: Bool { legacy.isEmpty }

  private static let detected = Result { () throws(HullError) in
    CgroupHierarchies(mounts: try step("find the host's control groups") { () throws(SystemError) in try MountTableEntry.all() })
  }

  /// The hierarchies of this host, looked up once; or those that are given instead.
  package static func host(_ given: CgroupHierarchies? = nil) throws(HullError) -> CgroupHierarchies {
    if let given { return given }
    let hierarchies = try detected.get()
    guard !hierarchies.legacy.isEmpty || hierarchies.unified != nil else {
      throw HullError(.unavailable, "no control group hierarchy is mounted: mount -t cgroup2 none /sys/fs/cgroup")
    }
    return hierarchies
  }

  /// Picks the hierarchies out of a mount table. Of several mounts of one hierarchy the first that shows all of it counts.
  package init(mounts: [MountTableEntry]) {
    legacy = []
    for entry in mounts.filter({ $0.root == "/" }) + mounts.filter({ $0.root != "/" }) {
      if entry.type == "cgroup2" { unified = unified ?? entry.mountPoint }
      guard entry.type == "cgroup" else { continue }
      let controllers = entry.superOptions.filter(Self.isController)
      guard !controllers.isEmpty, !legacy.contains(where: { $0.controllers == controllers }) else { continue }
      legacy.append(Legacy(controllers: controllers, mountPoint: entry.mountPoint))
    }
  }

  private static func isController(_ option: String) -> Bool {
    switch option {
    case "cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "hugetlb", "net_cls", "net_prio", "perf_event", "rdma", "misc":
      true
    default: option.hasPrefix("name=")
    }
  }

  /// The group's directory in the v1 hierarchy of a controller, or in the v2 hierarchy; `nil` when the host has no such controller.
  package func directory(_ path: String, controller: String) -> String? {
    if isUnified { return unified.map { $0 + path } }
    return legacy.first { $0.controllers.contains(controller) }.map { $0.mountPoint + path }
  }

  /// The group's directories in all hierarchies.
  package func directories(_ path: String) -> [String] {
    isUnified ? unified.map { [$0 + path] } ?? [] : legacy.map { $0.mountPoint + path }
  }

  /// Refuses paths that are not absolute or lead elsewhere.
  func check(_ path: String) throws(HullError) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    guard path.hasPrefix("/"), !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
      throw HullError(.invalidArgument, "invalid control group path \"\(path)\": give an absolute path without . and ..")
    }
  }
}
