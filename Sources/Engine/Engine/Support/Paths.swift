// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors

/// Where an engine's things are.
struct Paths: Sendable {
  let root: String
  let state: String

  var database: String { root + "/hull.db" }
  /// What `/info` calls the engine by; made when it is first asked for.
  var engineID: String { root + "/engine-id" }
  var containers: String { root + "/containers" }
  var volumes: String { root + "/volumes" }
  /// An empty directory on which each container's union is mounted, in that container's own mount namespace.
  var mountPoint: String { root + "/rootfs" }
  /// What builds keep: cache mounts, contexts.
  var builds: String { root + "/build" }
  /// An empty directory that stands for a file system without layers.
  var emptyLayer: String { builds + "/empty" }
  var runs: String { state + "/containers" }
  var networks: String { state + "/networks" }
  /// The names in a network, for the name servers of its containers.
  func zone(_ networkID: String) -> String { networks + "/" + networkID + ".zone" }

  func container(_ id: String) -> ContainerPaths { ContainerPaths(directory: containers + "/" + id, run: runs + "/" + id, id: id) }
  func volume(_ name: String) -> String { volumes + "/" + name }
  /// What a removal has renamed a container's directory to: start-up finishes it.
  func removing(_ id: String) -> String { containers + "/" + id + Paths.removingSuffix }

  static let removingSuffix = ".removing"
}

/// Where one container's things are.
struct ContainerPaths: Sendable {
  let directory: String
  /// Sockets and live state; there only while a shim is.
  let run: String
  let id: String

  func layer(of record: ContainerRecord) -> WritableLayer { WritableLayer(directory: directory, name: record.definition.layer) }
  var hostname: String { directory + "/hostname" }
  var hosts: String { directory + "/hosts" }
  var resolvConf: String { directory + "/resolv.conf" }
  var log: String { directory + "/" + id + "-json.log" }
  /// The OCI bundle for runtimes with a command line.
  var bundle: String { run + "/bundle" }
}

/// What a container writes: the upper directory of its union, and the work directory that the union needs beside it.
struct WritableLayer: Sendable {
  let directory: String
  /// Empty for the first one; see `ContainerDefinition.layer`.
  let name: String

  var upper: String { directory + "/upper" + name }
  var work: String { directory + "/work" + name }

  /// Removes what was written. Blocking.
  func remove() throws(HullError) {
    try HostFiles.removeTree(upper)
    try HostFiles.removeTree(work)
  }

  /// Whether what lies in a container's directory belongs to a writable layer.
  static func isPart(_ path: String) -> Bool {
    let name = path.split(separator: "/").last ?? ""
    return name.hasPrefix("upper") || name.hasPrefix("work")
  }
}
