// SPDX-License-Identifier: Apache-2.0
import Errors

/// The body of `POST /hull/containers/ID/recreate`: of a create request only what the given flags say.
enum RecreateRequest {
  /// Flags of `create` that say how to make a container rather than what it is.
  private static let withoutMeaning: Set<String> = ["name", "cidfile", "attach", "disable-content-trust", "kernel-memory"]
  /// Flags that are not in the request, but say how to come by the image.
  private static let forTheImage: Set<String> = ["pull", "quiet", "platform"]

  static var flags: [Flag] {
    [
      .bool("with", "What follows are flags of 'hull create' (may be left out)"), .string("image", "Image to make the container from"),
    ] + RunFlags.create.filter { !withoutMeaning.contains($0.name) }
  }

  static func body(_ call: Invocation) throws -> JSON {
    for flag in networkSettings where call.changed(flag) && !call.changed("network") {
      throw HullError(.invalidArgument, "--\(flag) needs --network: name the network that it is for")
    }
    let whole = try RunRequest(call, detached: false).body()
    var (config, host) = (JSONObject(), JSONObject())
    for flag in RunFlags.create where call.changed(flag.name) {
      copy(flag.name, from: whole, to: &config, &host)
    }
    var body = JSONObject()
    if !config.isEmpty { body["Config"] = .object(config) }
    if !host.isEmpty { body["HostConfig"] = .object(host) }
    if call.changed("network"), !whole["NetworkingConfig"].isNull { body["NetworkingConfig"] = whole["NetworkingConfig"] }
    if call.changed("image") { body["Image"] = .string(call.string("image")) }
    return .object(body)
  }

  /// Of a flag that has several members, such as --volume, those of which it said nothing are left out.
  private static func copy(_ flag: String, from whole: JSON, to config: inout JSONObject, _ host: inout JSONObject) {
    let (own, hosts) = (configMembers[flag] ?? [], hostMembers[flag] ?? [])
    func says(_ value: JSON) -> Bool { own.count + hosts.count == 1 || (!value.isNull && value != [:]) }
    for member in own { if let value = whole.object[member], says(value) { config[member] = value } }
    for member in hosts { if let value = whole["HostConfig"].object[member], says(value) { host[member] = value } }
  }

  /// Settings that belong to one network.
  private static let networkSettings = ["network-alias", "ip", "ip6", "mac-address", "link-local-ip"]

  /// Flag, members of the container's `Config`.
  static let configMembers: [String: [String]] = [
    "domainname": ["Domainname"], "entrypoint": ["Entrypoint"], "env": ["Env"], "env-file": ["Env"], "expose": ["ExposedPorts"],
    "health-cmd": ["Healthcheck"], "health-interval": ["Healthcheck"], "health-retries": ["Healthcheck"],
    "health-start-interval": ["Healthcheck"], "health-start-period": ["Healthcheck"], "health-timeout": ["Healthcheck"],
    "hostname": ["Hostname"], "interactive": ["AttachStdin", "OpenStdin", "StdinOnce"], "label": ["Labels"], "label-file": ["Labels"],
    "no-healthcheck": ["Healthcheck"], "publish": ["ExposedPorts"], "stop-signal": ["StopSignal"], "stop-timeout": ["StopTimeout"],
    "tty": ["Tty"], "user": ["User"], "volume": ["Volumes"], "workdir": ["WorkingDir"],
  ]

  /// Flag, members of its `HostConfig`.
  static let hostMembers: [String: [String]] = [
    "add-host": ["ExtraHosts"], "annotation": ["Annotations"], "blkio-weight": ["BlkioWeight"], "blkio-weight-device": ["BlkioWeightDevice"],
    "cap-add": ["CapAdd"], "cap-drop": ["CapDrop"], "cgroup-parent": ["CgroupParent"], "cgroupns": ["CgroupnsMode"], "cpu-period": ["CpuPeriod"],
    "cpu-quota": ["CpuQuota"], "cpu-rt-period": ["CpuRealtimePeriod"], "cpu-rt-runtime": ["CpuRealtimeRuntime"], "cpu-shares": ["CpuShares"],
    "cpus": ["NanoCpus"], "cpuset-cpus": ["CpusetCpus"], "cpuset-mems": ["CpusetMems"], "device": ["Devices"],
    "device-cgroup-rule": ["DeviceCgroupRules"], "device-read-bps": ["BlkioDeviceReadBps"], "device-read-iops": ["BlkioDeviceReadIOps"],
    "device-write-bps": ["BlkioDeviceWriteBps"], "device-write-iops": ["BlkioDeviceWriteIOps"], "dns": ["Dns"], "dns-option": ["DnsOptions"],
    "dns-search": ["DnsSearch"], "gpus": ["DeviceRequests"], "group-add": ["GroupAdd"], "init": ["Init"], "ipc": ["IpcMode"],
    "isolation": ["Isolation"], "link": ["Links"], "log-driver": ["LogConfig"], "log-opt": ["LogConfig"], "memory": ["Memory"],
    "memory-reservation": ["MemoryReservation"], "memory-swap": ["MemorySwap"], "memory-swappiness": ["MemorySwappiness"], "mount": ["Mounts"],
    "network": ["NetworkMode"], "oom-kill-disable": ["OomKillDisable"], "oom-score-adj": ["OomScoreAdj"], "pid": ["PidMode"],
    "pids-limit": ["PidsLimit"], "privileged": ["Privileged"], "publish": ["PortBindings"], "publish-all": ["PublishAllPorts"],
    "read-only": ["ReadonlyRootfs"], "restart": ["RestartPolicy"], "rm": ["AutoRemove"], "runtime": ["Runtime"],
    "security-opt": ["SecurityOpt", "MaskedPaths", "ReadonlyPaths"], "shm-size": ["ShmSize"], "storage-opt": ["StorageOpt"],
    "sysctl": ["Sysctls"], "tmpfs": ["Tmpfs"], "ulimit": ["Ulimits"], "use-api-socket": ["Mounts"], "userns": ["UsernsMode"], "uts": ["UTSMode"],
    "volume": ["Binds"], "volume-driver": ["VolumeDriver"], "volumes-from": ["VolumesFrom"],
  ]

  /// Every flag that the body can tell something of.
  static var known: Set<String> {
    Set(configMembers.keys).union(hostMembers.keys).union(networkSettings).union(forTheImage).union(["with", "image"])
  }
}
