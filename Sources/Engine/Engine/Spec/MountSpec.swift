// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import LaunchCompiler
import OCISpec
import Volumes

/// The mounts of a container: Docker's own, those that were asked for, and the network's files. Blocking: sources are made and looked up.
struct MountSpec {
  let record: ContainerRecord
  let paths: ContainerPaths
  let networkFiles: NetworkFiles
  let joined: JoinedNamespaces

  private var host: HostConfig { record.definition.hostConfig }

  func build() throws(HullError) -> (mounts: [RuntimeSpec.Mount], rootPropagation: String?) {
    let wanted = try userMounts()
    let places = Set(wanted.map(\.destination))
    let ownDevices = places.contains("/dev")
    var mounts = try defaults().filter { !places.contains($0.destination) && !(ownDevices && $0.destination.hasPrefix("/dev/")) }
    // Those that are mounted below others come after them.
    mounts += wanted.sorted { $0.destination.split(separator: "/").count < $1.destination.split(separator: "/").count }
    if host.runInit == true && host.pid.isOwn {
      mounts.append(
        RuntimeSpec.Mount(destination: InitProgram.place, type: "bind", source: try InitProgram.find(), options: ["bind", "ro"]))
    }
    let propagations = record.definition.mounts.map(\.propagation)
    var root: String?
    if propagations.contains(where: { $0.hasSuffix("slave") }) { root = "rslave" }
    if propagations.contains(where: { $0.hasSuffix("shared") }) { root = "shared" }
    return (mounts, root)
  }

  private func defaults() throws(HullError) -> [RuntimeSpec.Mount] {
    let ipc = host.ipcMode
    let shared = host.ipc.isHost ? "/dev/shm" : joined.sharedMemory ?? (ipc == "shareable" ? paths.run + "/shm" : nil)
    var mounts = DefaultSpec.mounts(privileged: host.privileged, shmSize: shared == nil && ipc != "none" ? host.shmSize : nil)
    if let shared {
      if ipc == "shareable" { try HostFiles.makeDirectory(shared, mode: 0o1777) }
      mounts.append(RuntimeSpec.Mount(destination: "/dev/shm", type: "bind", source: shared, options: ["rbind", "nosuid", "nodev", "noexec"]))
    }
    if try SecurityOptions(host.securityOpt ?? []).writableCgroups == true {
      for index in mounts.indices where mounts[index].type == "cgroup" { mounts[index].options?.removeAll { $0 == "ro" } }
    }
    return mounts
  }

  private func userMounts() throws(HullError) -> [RuntimeSpec.Mount] {
    var mounts: [RuntimeSpec.Mount] = []
    for mount in record.definition.mounts { mounts.append(try MountSpec.mount(mount)) }
    for (destination, options) in host.tmpfs where !mounts.contains(where: { $0.destination == CleanPath.clean(destination) }) {
      mounts.append(try MountSpec.tmpfs(CleanPath.clean(destination), options))
    }
    let files = [("/etc/resolv.conf", networkFiles.resolvConf), ("/etc/hostname", networkFiles.hostname), ("/etc/hosts", networkFiles.hosts)]
    for (destination, source) in files where !mounts.contains(where: { $0.destination == destination }) {
      mounts.append(RuntimeSpec.Mount(destination: destination, type: "bind", source: source, options: ["rbind", "rprivate"]))
    }
    return mounts
  }

  /// One mount that was asked for; what has to be there on the host is made and checked.
  static func mount(_ mount: MountRecord) throws(HullError) -> RuntimeSpec.Mount {
    if mount.kind == .tmpfs { return try tmpfs(mount.destination, mount.options) }
    if mount.kind == .image {
      return RuntimeSpec.Mount(destination: mount.destination, type: "bind", source: mount.source, options: ["bind", "ro", "rprivate"])
    }
    if mount.kind == .bind && !HostFiles.exists(mount.source) {
      guard mount.createSource else {
        throw HullError(.invalidArgument, "invalid mount config for type \"bind\": bind source path does not exist: \(mount.source)")
      }
      try HostFiles.makeDirectories(mount.source)
    }
    try MountPropagation.check(mount)
    try MountSources.checkSubpath(mount)
    if SELinux.isEnabled && (mount.relabel || mount.kind == .volume) { try SELinux.relabel(mount.source) }
    var options = [mount.nonRecursive ? "bind" : "rbind"]
    if !mount.writable { options.append(mount.readOnlyNonRecursive ? "ro" : "rro") }
    options.append(mount.propagation.isEmpty ? MountMode.defaultPropagation : mount.propagation)
    return RuntimeSpec.Mount(destination: mount.destination, type: "bind", source: mount.source, options: options)
  }

  private static func tmpfs(_ destination: String, _ options: String) throws(HullError) -> RuntimeSpec.Mount {
    RuntimeSpec.Mount(destination: destination, type: "tmpfs", source: "tmpfs", options: try TmpfsMounts.merged(options))
  }
}
