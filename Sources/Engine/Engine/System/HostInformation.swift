// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Glibc

/// What `/version` and `/info` say about the machine and the engine. Blocking.
enum HostInformation {
  static func version(_ configuration: EngineConfiguration) -> VersionInfo {
    var version = VersionInfo()
    version.platform.name = "Hull Engine"
    version.version = configuration.version
    version.apiVersion = configuration.apiVersion
    version.minAPIVersion = configuration.minimumAPIVersion
    version.gitCommit = configuration.gitCommit
    version.os = "linux"
    version.arch = architecture.docker
    version.kernelVersion = kernelRelease
    var engine = VersionComponent()
    engine.name = "Engine"
    engine.version = configuration.version
    engine.details = [
      "ApiVersion": configuration.apiVersion, "MinAPIVersion": configuration.minimumAPIVersion, "Os": "linux", "Arch": architecture.docker,
      "KernelVersion": kernelRelease, "GitCommit": configuration.gitCommit, "Experimental": "false",
    ]
    version.components = [engine]
    return version
  }

  static func info(_ configuration: EngineConfiguration) -> SystemInfo {
    let features = HostFeatures.current
    var info = SystemInfo()
    info.id = identity(configuration)
    info.driver = storageDriver
    info.driverStatus = [["Backing Filesystem", "hull layers"], ["Supports d_type", "true"], ["Native Overlay Diff", "true"]]
    info.plugins.volume = ["local"]
    info.plugins.network = ["bridge", "host", "macvlan", "null"]
    info.plugins.log = ["json-file", "none"]
    info.memoryLimit = features.memory
    info.swapLimit = features.swap
    info.cpuCfsPeriod = features.cpuQuota
    info.cpuCfsQuota = features.cpuQuota
    info.cpuShares = features.cpuShares
    info.cpuSet = features.cpuset
    info.pidsLimit = features.pids
    info.oomKillDisable = features.oomKillDisable
    // The first network turns it on.
    info.ipv4Forwarding = HostFiles.text("/proc/sys/net/ipv4/ip_forward")?.trimmingNewline == "1"
    info.debug = configuration.debug
    info.nFd = HostFiles.names(in: "/proc/self/fd").count
    info.nGoroutines = HostFiles.names(in: "/proc/self/task").count
    info.systemTime = Timestamp.text(Timestamp.now())
    info.loggingDriver = "json-file"
    info.cgroupDriver = "cgroupfs"
    info.cgroupVersion = features.isUnified ? "2" : "1"
    info.kernelVersion = kernelRelease
    (info.operatingSystem, info.osVersion) = distribution
    info.osType = "linux"
    info.architecture = architecture.kernel
    info.indexServerAddress = "https://index.docker.io/v1/"
    info.registryConfig = RegistryForm.information(configuration.registries)
    info.ncpu = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    info.memTotal = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
    info.dockerRootDir = configuration.root
    info.name = hostName
    info.serverVersion = configuration.version
    info.runtimes = configuration.runtimes.mapValues { path in
      var runtime = RuntimeInfo()
      runtime.path = path
      return runtime
    }
    for name in customaryRuntimes.union([builtinRuntime]) where info.runtimes[name] == nil {
      info.runtimes[name] = RuntimeInfo()
      info.runtimes[name]?.path = configuration.shimPath
    }
    info.defaultRuntime = configuration.defaultRuntime
    info.liveRestoreEnabled = true
    info.initBinary = (try? InitProgram.find()) ?? ""
    info.securityOptions = ["name=seccomp,profile=builtin"] + (features.isUnified && features.cgroupNamespaces ? ["name=cgroupns"] : [])
    info.warnings = warnings(features)
    return info
  }

  private static func warnings(_ features: HostFeatures) -> [String]? {
    var warnings: [String] = []
    if !features.memory { warnings.append("WARNING: No memory limit support") }
    if !features.swap { warnings.append("WARNING: No swap limit support") }
    if !features.cpuQuota { warnings.append("WARNING: No cpu cfs quota support") }
    if !features.cpuShares { warnings.append("WARNING: No cpu shares support") }
    if !features.cpuset { warnings.append("WARNING: No cpuset support") }
    if !features.pids { warnings.append("WARNING: No pids limit support") }
    return warnings.isEmpty ? nil : warnings
  }

  /// Stays the same for an engine's root directory: made once, kept there.
  private static func identity(_ configuration: EngineConfiguration) -> String {
    let path = Paths(root: configuration.root, state: configuration.state).engineID
    if let known = HostFiles.text(path)?.trimmingNewline, !known.isEmpty { return known }
    let fresh = String(randomIdentifier().prefix(32))
    try? HostFiles.write(fresh + "\n", to: path)
    return fresh
  }

  private static var machine: utsname {
    var name = utsname()
    uname(&name)
    return name
  }

  private static func text<Field>(_ field: Field) -> String {
    withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  private static var kernelRelease: String { text(machine.release) }
  private static var hostName: String { text(machine.nodename) }

  /// As the kernel and as Docker's `Arch` names it.
  private static var architecture: (kernel: String, docker: String) {
    let kernel = text(machine.machine)
    return (kernel, ["x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"][kernel] ?? kernel)
  }

  private static var distribution: (name: String, version: String) {
    var values: [Substring: String] = [:]
    for line in (HostFiles.text("/etc/os-release") ?? "").split(separator: "\n") {
      guard let equals = line.firstIndex(of: "=") else { continue }
      values[line[..<equals]] = line[line.index(after: equals)...].trimmingCharacters("\"'")
    }
    return (values["PRETTY_NAME"] ?? "Linux", values["VERSION_ID"] ?? "")
  }
}

extension StringProtocol {
  func trimmingCharacters(_ characters: String) -> String {
    var text = self[...]
    while let first = text.first, characters.contains(first) { text = text.dropFirst() }
    while let last = text.last, characters.contains(last) { text = text.dropLast() }
    return String(text)
  }
}
