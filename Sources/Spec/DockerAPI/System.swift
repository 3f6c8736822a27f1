// SPDX-License-Identifier: Apache-2.0

/// The answer of `GET /version`.
package struct VersionInfo: Codable, Sendable, Equatable, ZeroValue {
  @Field package var platform: VersionPlatform
  @Field package var components: [VersionComponent]
  @Field package var version: String
  @Field package var apiVersion: String
  @Field package var minAPIVersion: String
  @Field package var gitCommit: String
  @Field package var goVersion: String
  @Field package var os: String
  @Field package var arch: String
  @Field package var kernelVersion: String
  @OmitEmpty package var buildTime: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case platform = "Platform"
    case components = "Components"
    case version = "Version"
    case apiVersion = "ApiVersion"
    case minAPIVersion = "MinAPIVersion"
    case gitCommit = "GitCommit"
    case goVersion = "GoVersion"
    case os = "Os"
    case arch = "Arch"
    case kernelVersion = "KernelVersion"
    case buildTime = "BuildTime"
  }
}

/// The product's name.
package struct VersionPlatform: Codable, Sendable, Equatable, ZeroValue {
  @Field package var name: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name = "Name"
  }
}

/// A part of the engine and its version.
package struct VersionComponent: Codable, Sendable, Equatable, ZeroValue {
  @Field package var name: String
  @Field package var version: String
  @OmitEmpty package var details: [String: String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name = "Name"
    case version = "Version"
    case details = "Details"
  }
}

/// The answer of `GET /info`.
package struct SystemInfo: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String
  @Field package var containers: Int
  @Field package var containersRunning: Int
  @Field package var containersPaused: Int
  @Field package var containersStopped: Int
  @Field package var images: Int
  @Field package var driver: String
  @Field package var driverStatus: [[String]]
  @OrNull package var systemStatus: [[String]]?
  @Field package var plugins: InfoPlugins
  @Field package var memoryLimit: Bool
  @Field package var swapLimit: Bool
  @Field package var cpuCfsPeriod: Bool
  @Field package var cpuCfsQuota: Bool
  @Field package var cpuShares: Bool
  @Field package var cpuSet: Bool
  @Field package var pidsLimit: Bool
  @Field package var ipv4Forwarding: Bool
  @Field package var bridgeNfIptables: Bool
  @Field package var bridgeNfIp6tables: Bool
  @Field package var debug: Bool
  @Field package var nFd: Int
  @Field package var oomKillDisable: Bool
  @Field package var nGoroutines: Int
  @Field package var systemTime: String
  @Field package var loggingDriver: String
  @Field package var cgroupDriver: String
  @OmitEmpty package var cgroupVersion: String
  @Field package var nEventsListener: Int
  @Field package var kernelVersion: String
  @Field package var operatingSystem: String
  @Field package var osVersion: String
  @Field package var osType: String
  @Field package var architecture: String
  @Field package var indexServerAddress: String
  @Field package var registryConfig: RegistryConfig
  @Field package var ncpu: Int
  @Field package var memTotal: Int64
  @OrNull package var genericResources: [String]?
  @Field package var dockerRootDir: String
  @Field package var httpProxy: String
  @Field package var httpsProxy: String
  @Field package var noProxy: String
  @Field package var name: String
  @Field package var labels: [String]
  @Field package var experimentalBuild: Bool
  @Field package var serverVersion: String
  @Field package var runtimes: [String: RuntimeInfo]
  @Field package var defaultRuntime: String
  @Field package var swarm: SwarmInfo
  @Field package var liveRestoreEnabled: Bool
  @Field package var isolation: String
  @Field package var initBinary: String
  @Field package var containerdCommit: Commit
  @Field package var runcCommit: Commit
  @Field package var initCommit: Commit
  @Field package var securityOptions: [String]
  @OrNull package var warnings: [String]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "ID"
    case containers = "Containers"
    case containersRunning = "ContainersRunning"
    case containersPaused = "ContainersPaused"
    case containersStopped = "ContainersStopped"
    case images = "Images"
    case driver = "Driver"
    case driverStatus = "DriverStatus"
    case systemStatus = "SystemStatus"
    case plugins = "Plugins"
    case memoryLimit = "MemoryLimit"
    case swapLimit = "SwapLimit"
    case cpuCfsPeriod = "CpuCfsPeriod"
    case cpuCfsQuota = "CpuCfsQuota"
    case cpuShares = "CPUShares"
    case cpuSet = "CPUSet"
    case pidsLimit = "PidsLimit"
    case ipv4Forwarding = "IPv4Forwarding"
    case bridgeNfIptables = "BridgeNfIptables"
    case bridgeNfIp6tables = "BridgeNfIp6tables"
    case debug = "Debug"
    case nFd = "NFd"
    case oomKillDisable = "OomKillDisable"
    case nGoroutines = "NGoroutines"
    case systemTime = "SystemTime"
    case loggingDriver = "LoggingDriver"
    case cgroupDriver = "CgroupDriver"
    case cgroupVersion = "CgroupVersion"
    case nEventsListener = "NEventsListener"
    case kernelVersion = "KernelVersion"
    case operatingSystem = "OperatingSystem"
    case osVersion = "OSVersion"
    case osType = "OSType"
    case architecture = "Architecture"
    case indexServerAddress = "IndexServerAddress"
    case registryConfig = "RegistryConfig"
    case ncpu = "NCPU"
    case memTotal = "MemTotal"
    case genericResources = "GenericResources"
    case dockerRootDir = "DockerRootDir"
    case httpProxy = "HttpProxy"
    case httpsProxy = "HttpsProxy"
    case noProxy = "NoProxy"
    case name = "Name"
    case labels = "Labels"
    case experimentalBuild = "ExperimentalBuild"
    case serverVersion = "ServerVersion"
    case runtimes = "Runtimes"
    case defaultRuntime = "DefaultRuntime"
    case swarm = "Swarm"
    case liveRestoreEnabled = "LiveRestoreEnabled"
    case isolation = "Isolation"
    case initBinary = "InitBinary"
    case containerdCommit = "ContainerdCommit"
    case runcCommit = "RuncCommit"
    case initCommit = "InitCommit"
    case securityOptions = "SecurityOptions"
    case warnings = "Warnings"
  }
}

/// Which drivers there are.
package struct InfoPlugins: Codable, Sendable, Equatable, ZeroValue {
  @Field package var volume: [String]
  @Field package var network: [String]
  @OrNull package var authorization: [String]?
  @Field package var log: [String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case volume = "Volume"
    case network = "Network"
    case authorization = "Authorization"
    case log = "Log"
  }
}

/// How registries are reached.
package struct RegistryConfig: Codable, Sendable, Equatable, ZeroValue {
  @Field package var insecureRegistryCIDRs: [String]
  @Field package var indexConfigs: [String: IndexInfo]
  @OrNull package var mirrors: [String]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case insecureRegistryCIDRs = "InsecureRegistryCIDRs"
    case indexConfigs = "IndexConfigs"
    case mirrors = "Mirrors"
  }
}

/// An OCI runtime.
package struct RuntimeInfo: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var path: String
  @OmitEmpty package var runtimeArgs: [String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case path
    case runtimeArgs
  }
}

/// Swarm mode: always inactive.
package struct SwarmInfo: Codable, Sendable, Equatable, ZeroValue {
  @Field package var nodeID: String
  @Field package var nodeAddr: String
  @Field package var localNodeState: String = "inactive"
  @Field package var controlAvailable: Bool
  @Field package var error: String
  @OrNull package var remoteManagers: [String]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case nodeID = "NodeID"
    case nodeAddr = "NodeAddr"
    case localNodeState = "LocalNodeState"
    case controlAvailable = "ControlAvailable"
    case error = "Error"
    case remoteManagers = "RemoteManagers"
  }
}

/// A component's commit.
package struct Commit: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "ID"
  }
}

/// The answer of `GET /system/df`.
package struct DiskUsage: Codable, Sendable, Equatable, ZeroValue {
  @Field package var layersSize: Int64
  @Field package var images: [ImageSummary]
  @Field package var containers: [ContainerSummary]
  @Field package var volumes: [Volume]
  @Field package var buildCache: [BuildCacheRecord]
  @OmitEmpty package var builderSize: Int64
  /// Hull's own: bytes of blobs as they were received, beside the layers unpacked from them, and of downloads that are not whole.
  @Field package var contentSize: Int64
  @Field package var downloadsSize: Int64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case layersSize = "LayersSize"
    case images = "Images"
    case containers = "Containers"
    case volumes = "Volumes"
    case buildCache = "BuildCache"
    case builderSize = "BuilderSize"
    case contentSize = "ContentSize"
    case downloadsSize = "DownloadsSize"
  }
}

/// An error.
package struct ErrorResponse: Codable, Sendable, Equatable, ZeroValue {
  @Field package var message: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case message
  }
}

/// What is said about one registry.
package struct IndexInfo: Codable, Sendable, Equatable, ZeroValue {
  @Field package var name: String
  @Field package var mirrors: [String]
  @Field package var secure: Bool
  @Field package var official: Bool

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name = "Name"
    case mirrors = "Mirrors"
    case secure = "Secure"
    case official = "Official"
  }
}
