// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch
import OCISpec

extension LaunchCompiler {
  static let namespaceKinds: [String: NamespacePlan.Kind] = [
    "mount": .mount, "pid": .pid, "network": .network, "ipc": .ipc, "uts": .uts, "cgroup": .cgroup, "user": .user, "time": .time,
  ]

  /// The namespace types that a configuration may name (for `features`).
  package static var knownNamespaces: [String] { namespaceKinds.keys.sorted() }

  static func namespaces(_ spec: RuntimeSpec) throws(HullError) -> [NamespacePlan] {
    var plans: [NamespacePlan] = []
    for namespace in spec.linux?.namespaces ?? [] {
      guard let kind = namespaceKinds[namespace.type] else {
        throw HullError(.invalidArgument, "namespace \"\(namespace.type)\" does not exist")
      }
      guard !plans.contains(where: { $0.kind == kind }) else {
        throw HullError(.invalidArgument, "malformed spec file: duplicated ns \"\(namespace.type)\"")
      }
      plans.append(NamespacePlan(kind, path: namespace.path.flatMap { $0.isEmpty ? nil : $0 }))
    }
    guard plans.contains(where: { $0.kind == .mount }) else {
      throw HullError(.unsupported, "a container without a mount namespace is not supported; add {\"type\": \"mount\"} to linux.namespaces")
    }
    return plans
  }

  /// Refuses what the launcher could only get wrong.
  static func validate(_ spec: RuntimeSpec) throws(HullError) {
    let kinds = Set((spec.linux?.namespaces ?? []).map(\.type))
    if !(spec.hostname ?? "").isEmpty && !kinds.contains("uts") {
      throw HullError(.invalidArgument, "unable to set hostname without a private UTS namespace")
    }
    if !(spec.domainname ?? "").isEmpty && !kinds.contains("uts") {
      throw HullError(.invalidArgument, "unable to set domainname without a private UTS namespace")
    }
    let mapped = !(spec.linux?.uidMappings ?? []).isEmpty || !(spec.linux?.gidMappings ?? []).isEmpty
    if mapped && !kinds.contains("user") {
      throw HullError(.invalidArgument, "user namespace mappings specified, but user namespace isn't enabled in the config")
    }
    if kinds.contains("user") && !mapped && !(spec.linux?.namespaces ?? []).contains(where: { $0.type == "user" && !($0.path ?? "").isEmpty }) {
      throw HullError(.invalidArgument, "user namespaces enabled, but no namespace path to join nor mappings to apply specified")
    }
    if !(spec.linux?.timeOffsets ?? [:]).isEmpty && !kinds.contains("time") {
      throw HullError(.invalidArgument, "time namespace offsets specified, but time namespace isn't enabled in the config")
    }
    guard spec.linux?.intelRdt == nil else { throw HullError(.unsupported, "linux.intelRdt is not supported") }
    for path in (spec.linux?.maskedPaths ?? []) + (spec.linux?.readonlyPaths ?? []) where !path.hasPrefix("/") {
      throw HullError(.invalidArgument, "masked or read-only path \"\(path)\" is not absolute")
    }
  }

  /// The kernel settings that belong to the container's own namespaces; others would change the host.
  static func sysctls(_ spec: RuntimeSpec) throws(HullError) -> [Setting] {
    let own = Set((spec.linux?.namespaces ?? []).map(\.type))
    var settings: [Setting] = []
    for (key, value) in (spec.linux?.sysctl ?? [:]).sorted(by: { $0.key < $1.key }) {
      let name = dotted(key)
      let namespace: String
      switch name {
      case "kernel.domainname": namespace = "uts"
      case "kernel.hostname":
        throw HullError(.invalidArgument, "sysctl \"\(key)\" conflicts with the OCI \"hostname\" field; use that")
      case "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni",
        "kernel.shm_rmid_forced", "kernel.auto_msgmni", "kernel.msg_next_id", "kernel.sem_next_id", "kernel.shm_next_id":
        namespace = "ipc"
      case _ where name.hasPrefix("fs.mqueue."): namespace = "ipc"
      case _ where name.hasPrefix("net."): namespace = "network"
      case _ where name.hasPrefix("user."): namespace = "user"
      default: throw HullError(.invalidArgument, "sysctl \"\(key)\" is not in a separate kernel namespace")
      }
      guard own.contains(namespace) else {
        throw HullError(.invalidArgument, "sysctl \"\(key)\" is not allowed in the host's \(namespace) namespace")
      }
      settings.append(Setting(name, value))
    }
    return settings
  }

  /// `net/ipv4/conf/eno2.100/rp_filter` is `net.ipv4.conf.eno2/100.rp_filter` (sysctl.d(5)).
  private static func dotted(_ name: String) -> String {
    guard let first = name.first(where: { $0 == "." || $0 == "/" }), first == "/" else { return name }
    return String(name.map { $0 == "/" ? "." : $0 == "." ? "/" : $0 })
  }
}
