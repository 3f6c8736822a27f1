// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import LaunchCompiler
import LinuxSystem
import OCISpec
import Seccomp

extension Command {
  static let spec = Command(
    name: "spec", summary: "create a new specification file", usage: "",
    flags: [
      .value("bundle", "b", help: "path to the root of the bundle directory"),
      .toggle("rootless", help: "generate a configuration for a rootless container"),
    ], arguments: 0...0
  ) { invocation throws(HullError) in
    let path = (invocation.arguments.value("bundle").map { $0 + "/" } ?? "") + "config.json"
    guard !StateFiles.exists(path) else { throw HullError(.conflict, "File config.json exists. Remove it first") }
    var spec = example()
    if invocation.arguments.has("rootless") { makeRootless(&spec) }
    try StateFiles.replace(path, with: try RuntimeJSON.encode(spec, indent: "\t"), mode: 0o666)
    return 0
  }

  /// A shell in `rootfs`, with little it may do: the beginning of a configuration.
  private static func example() -> RuntimeSpec {
    var spec = DefaultSpec.spec(args: ["sh"], root: "rootfs")
    spec.root?.readonly = true
    spec.hostname = "hull"
    spec.process?.terminal = true
    spec.process?.env?.append("TERM=xterm")
    spec.process?.capabilities = DefaultSpec.capabilitySets(["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"])
    spec.process?.rlimits = [RuntimeSpec.Rlimit(type: "RLIMIT_NOFILE", soft: 1024, hard: 1024)]
    spec.process?.noNewPrivileges = true
    spec.linux?.resources?.devices = [RuntimeSpec.DeviceRule(allow: false)]
    // On v1 the hierarchies are mounted one by one anyway, and older tools stumble over the namespace.
    if (try? CgroupHierarchies.host())?.isUnified == true { spec.linux?.namespaces?.append(RuntimeSpec.Namespace("cgroup")) }
    return spec
  }

  private static func makeRootless(_ spec: inout RuntimeSpec) {
    spec.linux?.namespaces?.removeAll { $0.type == "network" }
    spec.linux?.namespaces?.append(RuntimeSpec.Namespace("user"))
    spec.linux?.uidMappings = [RuntimeSpec.IDMapping(containerID: 0, hostID: geteuid(), size: 1)]
    spec.linux?.gidMappings = [RuntimeSpec.IDMapping(containerID: 0, hostID: getegid(), size: 1)]
    spec.linux?.resources = nil
    // Only one identity is mapped, and sysfs belongs to a network namespace that is not ours.
    spec.mounts = (spec.mounts ?? []).filter { $0.destination != "/sys/fs/cgroup" }.map { mount in
      var mount = mount
      mount.options?.removeAll { $0.hasPrefix("gid=") || $0.hasPrefix("uid=") }
      if mount.destination == "/sys" {
        mount.type = "none"
        mount.source = "/sys"
        mount.options = ["rbind", "nosuid", "noexec", "nodev", "ro"]
      }
      return mount
    }
  }

  static let features = Command(
    name: "features", summary: "show the enabled features", usage: "", arguments: 0...0
  ) { _ throws(HullError) in
    var features = RuntimeFeatures(ociVersionMin: "1.0.0", ociVersionMax: RuntimeSpec.version)
    features.hooks = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
    features.mountOptions = MountOptions.known
    var linux = RuntimeFeatures.Linux()
    linux.namespaces = LaunchCompiler.knownNamespaces
    linux.capabilities = CapabilityNames.names
    var cgroup = RuntimeFeatures.Cgroup()
    (cgroup.v1, cgroup.v2, cgroup.systemd, cgroup.systemdUser, cgroup.rdma) = (true, true, false, false, false)
    linux.cgroup = cgroup
    var seccomp = RuntimeFeatures.Seccomp()
    seccomp.enabled = true
    seccomp.actions = Seccomp.knownActions
    seccomp.operators = Seccomp.knownOperators
    seccomp.archs = Seccomp.knownArchitectures
    seccomp.knownFlags = Seccomp.knownFlags
    seccomp.supportedFlags = Seccomp.knownFlags
    linux.seccomp = seccomp
    linux.apparmor = RuntimeFeatures.Enabled(true)
    linux.selinux = RuntimeFeatures.Enabled(true)
    linux.intelRdt = RuntimeFeatures.Enabled(false)
    linux.mountExtensions = RuntimeFeatures.MountExtensions()
    linux.mountExtensions?.idmap = RuntimeFeatures.Enabled(true)
    features.linux = linux
    features.annotations = ["io.github.seccomp.libseccomp.version": Seccomp.libraryVersion]
    StateFiles.print(try RuntimeJSON.encode(features, indent: "    ") + [UInt8(ascii: "\n")])
    return 0
  }

  static let checkpoint = unsupported("checkpoint", "checkpoint a running container")
  static let restore = unsupported("restore", "restore a container from a previous checkpoint")

  private static func unsupported(_ name: String, _ summary: String) -> Command {
    Command(
      name: name, summary: summary + " (not supported)", usage: "<container-id>", arguments: 0...Int.max, untilPositional: true
    ) { _ throws(HullError) in
      throw HullError(.unsupported, "\(name) is not supported: \(Program.name) does not use CRIU")
    }
  }
}
