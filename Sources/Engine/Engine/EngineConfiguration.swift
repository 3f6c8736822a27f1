// SPDX-License-Identifier: Apache-2.0
import Builder
import ImageStore
import RegistryClient

/// Where an engine keeps its things and what it starts workloads with.
package struct EngineConfiguration: Sendable {
  /// Kept across reboots: images, containers, the database.
  package var root: String
  /// Sockets and live state; may vanish with a reboot.
  package var state: String
  /// The `hull-shim` program.
  package var shimPath: String
  /// OCI runtimes by name, beside the built-in one, which is called `hull`.
  package var runtimes: [String: String] = [:]
  package var defaultRuntime = "hull"
  /// The control group, in every hierarchy, under which the workloads' groups are made.
  package var cgroupParent = "/hull"
  /// What `/version` and `/info` say.
  package var version = "0.1.0"
  package var gitCommit = ""
  package var apiVersion = "1.51"
  package var minimumAPIVersion = "1.24"
  package var debug = false
  package var networks = NetworkConfiguration()
  package var registries = RegistriesConfiguration()
  package var transfers = ClientLimits()
  /// What images and the build cache may take of the disk.
  package var diskBudget = DiskBudget.none
  /// What the build cache may take of it before others have to make room.
  package var buildCache = BuildCachePolicy()
  /// What builds may do when their clients ask for it.
  package var buildEntitlements = Entitlement.usual
  /// How often that is looked at when nothing comes in.
  package var maintenanceInterval = Duration.seconds(600)

  package init(root: String, state: String, shimPath: String) {
    self.root = root
    self.state = state
    self.shimPath = shimPath
  }
}
