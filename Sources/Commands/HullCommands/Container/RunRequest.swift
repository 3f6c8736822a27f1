// SPDX-License-Identifier: Apache-2.0
import Errors

/// The body of `POST /containers/create`, from the flags of `run` and `create`.
struct RunRequest {
  private let call: Invocation
  let image: String
  let command: [String]
  let attachesStdin: Bool
  let attachesStdout: Bool
  let attachesStderr: Bool
  let tty: Bool

  /// `detached`: nothing is attached.
  init(_ call: Invocation, detached: Bool) {
    self.call = call
    image = call.arguments[0]
    command = Array(call.arguments.dropFirst())
    tty = call.bool("tty")
    let attached = call.list("attach")
    attachesStdin = !detached && (call.bool("interactive") || attached.contains("stdin"))
    attachesStdout = !detached && (attached.isEmpty || attached.contains("stdout"))
    attachesStderr = !detached && (attached.isEmpty || attached.contains("stderr"))
  }

  func body() throws -> JSON {
    if call.bool("rm"), !["", "no"].contains(call.string("restart")) {
      throw HullError(.invalidArgument, "conflicting options: cannot specify both --restart and --rm")
    }
    var body = try config()
    body["HostConfig"] = .object(try hostConfig())
    let endpoints = try RunNetworks.endpoints(call)
    if !endpoints.isEmpty { body["NetworkingConfig"] = ["EndpointsConfig": .object(endpoints)] }
    return .object(body)
  }

  private func config() throws -> JSONObject {
    var volumes = JSONObject()
    for volume in call.list("volume") where try MountSpec.bind(volume) == nil { volumes[volume] = [:] }
    var exposed = JSONObject()
    for binding in try bindings() { exposed[binding.port] = [:] }
    for ports in call.list("expose") { for port in try PortSpec.exposed(ports) { exposed[port] = [:] } }
    var config: JSONObject = [
      "Hostname": .string(call.string("hostname")), "Domainname": .string(call.string("domainname")), "User": .string(call.string("user")),
      "AttachStdin": .bool(attachesStdin), "AttachStdout": .bool(attachesStdout), "AttachStderr": .bool(attachesStderr),
      "ExposedPorts": .object(exposed), "Tty": .bool(tty), "OpenStdin": .bool(call.bool("interactive")),
      "StdinOnce": .bool(attachesStdin && call.bool("interactive")),
      "Env": .optional(try KeyValueFiles.read(call.list("env-file"), then: call.list("env"), isEnvironment: true)), "Cmd": .optional(command),
      "Image": .string(image), "Volumes": .object(volumes), "WorkingDir": .string(call.string("workdir")),
      "Labels": KeyValueFiles.object(try KeyValueFiles.read(call.list("label-file"), then: call.list("label"), isEnvironment: false)),
    ]
    if call.changed("entrypoint") { config["Entrypoint"] = [.string(call.string("entrypoint"))] }
    if call.changed("stop-signal") { config["StopSignal"] = .string(call.string("stop-signal")) }
    if call.changed("stop-timeout") { config["StopTimeout"] = .int(call.int("stop-timeout")) }
    if let health = try healthcheck() { config["Healthcheck"] = health }
    return config
  }

  private func healthcheck() throws -> JSON? {
    let settings = ["health-cmd", "health-interval", "health-timeout", "health-start-period", "health-start-interval", "health-retries"]
    let given = settings.contains { !["", "0"].contains(call.string($0)) }
    if call.bool("no-healthcheck") {
      if given { throw HullError(.invalidArgument, "--no-healthcheck conflicts with --health-* options") }
      return ["Test": ["NONE"]]
    }
    guard given else { return nil }
    for name in settings.dropFirst() where call.int(name) < 0 { throw HullError(.invalidArgument, "--\(name) cannot be negative") }
    let probe = call.string("health-cmd")
    return [
      "Test": probe.isEmpty ? .null : ["CMD-SHELL", .string(probe)], "Interval": .int(call.int("health-interval")),
      "Timeout": .int(call.int("health-timeout")), "StartPeriod": .int(call.int("health-start-period")),
      "StartInterval": .int(call.int("health-start-interval")), "Retries": .int(call.int("health-retries")),
    ]
  }

  private func bindings() throws -> [PortSpec.Binding] {
    var all: [PortSpec.Binding] = []
    for publish in call.list("publish") { all += try PortSpec.published(publish) }
    return all
  }

  /// Each `-v` with a source, once.
  private func binds() throws -> [String] {
    var all: [String] = []
    for bind in try call.list("volume").compactMap(MountSpec.bind) where !all.contains(bind) { all.append(bind) }
    return all
  }

  private func hostConfig() throws -> JSONObject {
    var tmpfs = JSONObject()
    for entry in call.list("tmpfs") {
      let (path, options) = Text.cut(entry, ":") ?? (entry, "")
      tmpfs[path] = .string(options)
    }
    var host: JSONObject = [
      "Binds": .optional(try binds()), "ContainerIDFile": .string(call.string("cidfile")),
      "LogConfig": ["Type": .string(call.string("log-driver")), "Config": try logOptions()],
      "NetworkMode": .string(try RunNetworks.mode(call)), "PortBindings": .object(PortSpec.bindings(try bindings())),
      "RestartPolicy": try RunValues.restartPolicy(call.string("restart")), "AutoRemove": .bool(call.bool("rm")),
      "VolumeDriver": .string(call.string("volume-driver")), "VolumesFrom": .optional(call.list("volumes-from")),
      "CapAdd": .optional(RunValues.capabilities(call.list("cap-add"))), "CapDrop": .optional(RunValues.capabilities(call.list("cap-drop"))),
      "CgroupnsMode": .string(try mode("cgroupns")),
      "Dns": .strings(call.list("dns")), "DnsOptions": .strings(call.list("dns-option")),
      "DnsSearch": .strings(call.list("dns-search")), "ExtraHosts": .optional(call.list("add-host")), "GroupAdd": .optional(call.list("group-add")),
      "IpcMode": .string(call.string("ipc")), "Links": .optional(call.list("link")), "OomScoreAdj": .int(call.int("oom-score-adj")),
      "PidMode": .string(try mode("pid")), "Privileged": .bool(call.bool("privileged")), "PublishAllPorts": .bool(call.bool("publish-all")),
      "ReadonlyRootfs": .bool(call.bool("read-only")), "UTSMode": .string(try mode("uts")), "UsernsMode": .string(try mode("userns")),
      "ShmSize": .int(call.int("shm-size")), "Isolation": .string(call.string("isolation")),
    ]
    if !tmpfs.isEmpty { host["Tmpfs"] = .object(tmpfs) }
    if tty, let size = Terminal.size() { host["ConsoleSize"] = [.int(size.rows), .int(size.columns)] }
    if call.changed("runtime") { host["Runtime"] = .string(call.string("runtime")) }
    if call.changed("init") { host["Init"] = .bool(call.bool("init")) }
    try addSecurity(&host)
    try addMounts(&host)
    for (name, member) in [("sysctl", "Sysctls"), ("annotation", "Annotations"), ("storage-opt", "StorageOpt")] where call.changed(name) {
      host[member] = KeyValueFiles.object(call.list(name))
    }
    for (key, value) in try RunLimits.create(call).members { host[key] = value }
    return host
  }

  private func addSecurity(_ host: inout JSONObject) throws {
    let options = try call.list("security-opt").map(RunValues.securityOption)
    host["SecurityOpt"] = .optional(options.filter { $0 != "systempaths=unconfined" })
    if options.contains("systempaths=unconfined") { (host["MaskedPaths"], host["ReadonlyPaths"]) = ([], []) }
  }

  private func addMounts(_ host: inout JSONObject) throws {
    var mounts = try call.list("mount").map(MountSpec.parse)
    if call.bool("use-api-socket") {
      let socket = try call.engine().endpoint.path
      mounts.append(["Type": "bind", "Source": .string(socket), "Target": "/var/run/docker.sock", "BindOptions": [:]])
    }
    if !mounts.isEmpty { host["Mounts"] = .array(mounts) }
  }

  private func logOptions() throws -> JSON {
    if call.string("log-driver") == "none", call.changed("log-opt") { throw HullError(.invalidArgument, "invalid logging opts for driver none") }
    return KeyValueFiles.object(call.list("log-opt"))
  }

  /// A namespace to use: what the flag takes, checked as docker's client does.
  private func mode(_ name: String) throws -> String {
    let value = call.string(name)
    let allowed = name == "cgroupns" ? ["", "host", "private"] : name == "pid" ? ["", "host"] : ["", "host"]
    if allowed.contains(value) || (name == "pid" && value.hasPrefix("container:") && value.count > 10) { return value }
    let words = ["pid": "PID", "uts": "UTS", "userns": "USER", "cgroupns": "CGROUP"]
    throw HullError(.invalidArgument, "--\(name): invalid \(words[name] ?? name) mode")
  }
}
