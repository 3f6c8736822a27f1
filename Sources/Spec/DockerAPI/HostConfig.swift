// SPDX-License-Identifier: Apache-2.0

/// What depends on the host in a container's configuration, resources among them (Docker's `HostConfig`).
package struct HostConfig: Codable, Sendable, Equatable, ZeroValue {
  @OrNull package var binds: [String]?
  @Field package var containerIDFile: String
  @Field package var logConfig: LogConfig
  @Field package var networkMode: String
  @OrNull package var portBindings: [String: [PortBinding]?]?
  @Field package var restartPolicy: RestartPolicy
  @Field package var autoRemove: Bool
  @Field package var volumeDriver: String
  @OrNull package var volumesFrom: [String]?
  /// rows, columns
  @Field package var consoleSize: [Int] = [0, 0]
  @OmitEmpty package var annotations: [String: String]
  @OrNull package var capAdd: [String]?
  @OrNull package var capDrop: [String]?
  @Field package var cgroupnsMode: String
  @OrNull package var dns: [String]?
  @OrNull package var dnsOptions: [String]?
  @OrNull package var dnsSearch: [String]?
  @OrNull package var extraHosts: [String]?
  @OrNull package var groupAdd: [String]?
  @Field package var ipcMode: String
  @Field package var cgroup: String
  @OrNull package var links: [String]?
  @Field package var oomScoreAdj: Int
  @Field package var pidMode: String
  @Field package var privileged: Bool
  @Field package var publishAllPorts: Bool
  @Field package var readonlyRootfs: Bool
  @OrNull package var securityOpt: [String]?
  @OmitEmpty package var storageOpt: [String: String]
  @OmitEmpty package var tmpfs: [String: String]
  @Field package var utsMode: String
  @Field package var usernsMode: String
  @Field package var shmSize: Int64
  @OmitEmpty package var sysctls: [String: String]
  @OmitEmpty package var runtime: String
  @Field package var isolation: String
  @Field package var cpuShares: Int64
  @Field package var memory: Int64
  @Field package var nanoCPUs: Int64
  @Field package var cgroupParent: String
  @Field package var blkioWeight: UInt16
  @OrNull package var blkioWeightDevice: [WeightDevice]?
  @OrNull package var blkioDeviceReadBps: [ThrottleDevice]?
  @OrNull package var blkioDeviceWriteBps: [ThrottleDevice]?
  @OrNull package var blkioDeviceReadIOps: [ThrottleDevice]?
  @OrNull package var blkioDeviceWriteIOps: [ThrottleDevice]?
  @Field package var cpuPeriod: Int64
  @Field package var cpuQuota: Int64
  @Field package var cpuRealtimePeriod: Int64
  @Field package var cpuRealtimeRuntime: Int64
  @Field package var cpusetCpus: String
  @Field package var cpusetMems: String
  @OrNull package var devices: [DeviceMapping]?
  @OrNull package var deviceCgroupRules: [String]?
  @OrNull package var deviceRequests: [DeviceRequest]?
  @OmitEmpty package var kernelMemory: Int64
  @OmitEmpty package var kernelMemoryTCP: Int64
  @Field package var memoryReservation: Int64
  @Field package var memorySwap: Int64
  @OrNull package var memorySwappiness: Int64?
  @OrNull package var oomKillDisable: Bool?
  @OrNull package var pidsLimit: Int64?
  @OrNull package var ulimits: [Ulimit]?
  @Field package var cpuCount: Int64
  @Field package var cpuPercent: Int64
  @Field package var ioMaximumIOps: UInt64
  @Field package var ioMaximumBandwidth: UInt64
  @OmitEmpty package var mounts: [Mount]
  @OrNull package var maskedPaths: [String]?
  @OrNull package var readonlyPaths: [String]?
  package var runInit: Bool?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case binds = "Binds"
    case containerIDFile = "ContainerIDFile"
    case logConfig = "LogConfig"
    case networkMode = "NetworkMode"
    case portBindings = "PortBindings"
    case restartPolicy = "RestartPolicy"
    case autoRemove = "AutoRemove"
    case volumeDriver = "VolumeDriver"
    case volumesFrom = "VolumesFrom"
    case consoleSize = "ConsoleSize"
    case annotations = "Annotations"
    case capAdd = "CapAdd"
    case capDrop = "CapDrop"
    case cgroupnsMode = "CgroupnsMode"
    case dns = "Dns"
    case dnsOptions = "DnsOptions"
    case dnsSearch = "DnsSearch"
    case extraHosts = "ExtraHosts"
    case groupAdd = "GroupAdd"
    case ipcMode = "IpcMode"
    case cgroup = "Cgroup"
    case links = "Links"
    case oomScoreAdj = "OomScoreAdj"
    case pidMode = "PidMode"
    case privileged = "Privileged"
    case publishAllPorts = "PublishAllPorts"
    case readonlyRootfs = "ReadonlyRootfs"
    case securityOpt = "SecurityOpt"
    case storageOpt = "StorageOpt"
    case tmpfs = "Tmpfs"
    case utsMode = "UTSMode"
    case usernsMode = "UsernsMode"
    case shmSize = "ShmSize"
    case sysctls = "Sysctls"
    case runtime = "Runtime"
    case isolation = "Isolation"
    case cpuShares = "CpuShares"
    case memory = "Memory"
    case nanoCPUs = "NanoCpus"
    case cgroupParent = "CgroupParent"
    case blkioWeight = "BlkioWeight"
    case blkioWeightDevice = "BlkioWeightDevice"
    case blkioDeviceReadBps = "BlkioDeviceReadBps"
    case blkioDeviceWriteBps = "BlkioDeviceWriteBps"
    case blkioDeviceReadIOps = "BlkioDeviceReadIOps"
    case blkioDeviceWriteIOps = "BlkioDeviceWriteIOps"
    case cpuPeriod = "CpuPeriod"
    case cpuQuota = "CpuQuota"
    case cpuRealtimePeriod = "CpuRealtimePeriod"
    case cpuRealtimeRuntime = "CpuRealtimeRuntime"
    case cpusetCpus = "CpusetCpus"
    case cpusetMems = "CpusetMems"
    case devices = "Devices"
    case deviceCgroupRules = "DeviceCgroupRules"
    case deviceRequests = "DeviceRequests"
    case kernelMemory = "KernelMemory"
    case kernelMemoryTCP = "KernelMemoryTCP"
    case memoryReservation = "MemoryReservation"
    case memorySwap = "MemorySwap"
    case memorySwappiness = "MemorySwappiness"
    case oomKillDisable = "OomKillDisable"
    case pidsLimit = "PidsLimit"
    case ulimits = "Ulimits"
    case cpuCount = "CpuCount"
    case cpuPercent = "CpuPercent"
    case ioMaximumIOps = "IOMaximumIOps"
    case ioMaximumBandwidth = "IOMaximumBandwidth"
    case mounts = "Mounts"
    case maskedPaths = "MaskedPaths"
    case readonlyPaths = "ReadonlyPaths"
    case runInit = "Init"
  }
}
