// SPDX-License-Identifier: Apache-2.0

/// One sample of `GET /containers/{id}/stats`.
package struct ContainerStats: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String
  @Field package var name: String
  @OmitEmpty package var osType: String
  @Field package var read: String
  @Field package var preread: String
  @Field package var cpu: CPUStats
  @Field package var precpu: CPUStats
  @Field package var memory: MemoryStats
  @Field package var pids: PidsStats
  @Field package var blkio: BlkioStats
  @Field package var numProcs: UInt32
  @Field package var storage: Empty
  @OmitEmpty package var networks: [String: NetworkStats]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id
    case name
    case osType = "os_type"
    case read
    case preread
    case cpu = "cpu_stats"
    case precpu = "precpu_stats"
    case memory = "memory_stats"
    case pids = "pids_stats"
    case blkio = "blkio_stats"
    case numProcs = "num_procs"
    case storage = "storage_stats"
    case networks
  }
}

/// Processor time used by a container and by the whole system, in nanoseconds.
package struct CPUStats: Codable, Sendable, Equatable, ZeroValue {
  @Field package var usage: CPUUsage
  @OmitEmpty package var systemUsage: UInt64
  @OmitEmpty package var onlineCPUs: UInt32
  @Field package var throttling: ThrottlingData

  package init() {}

  enum CodingKeys: String, CodingKey {
    case usage = "cpu_usage"
    case systemUsage = "system_cpu_usage"
    case onlineCPUs = "online_cpus"
    case throttling = "throttling_data"
  }
}

/// Processor time in nanoseconds.
package struct CPUUsage: Codable, Sendable, Equatable, ZeroValue {
  @Field package var total: UInt64
  @OmitEmpty package var perCPU: [UInt64]
  @Field package var kernel: UInt64
  @Field package var user: UInt64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case total = "total_usage"
    case perCPU = "percpu_usage"
    case kernel = "usage_in_kernelmode"
    case user = "usage_in_usermode"
  }
}

/// How often a container ran into its processor limit.
package struct ThrottlingData: Codable, Sendable, Equatable, ZeroValue {
  @Field package var periods: UInt64
  @Field package var throttledPeriods: UInt64
  @Field package var throttledTime: UInt64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case periods
    case throttledPeriods = "throttled_periods"
    case throttledTime = "throttled_time"
  }
}

/// Memory in bytes.
package struct MemoryStats: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var usage: UInt64
  @OmitEmpty package var maxUsage: UInt64
  @OmitEmpty package var stats: [String: UInt64]
  @OmitEmpty package var failures: UInt64
  @OmitEmpty package var limit: UInt64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case usage
    case maxUsage = "max_usage"
    case stats
    case failures = "failcnt"
    case limit
  }
}

/// Number of processes and the limit.
package struct PidsStats: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var current: UInt64
  @OmitEmpty package var limit: UInt64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case current
    case limit
  }
}

/// Block I/O by device and operation.
package struct BlkioStats: Codable, Sendable, Equatable, ZeroValue {
  @OrNull package var serviceBytes: [BlkioEntry]?
  @OrNull package var serviced: [BlkioEntry]?
  @OrNull package var queued: [BlkioEntry]?
  @OrNull package var serviceTime: [BlkioEntry]?
  @OrNull package var waitTime: [BlkioEntry]?
  @OrNull package var merged: [BlkioEntry]?
  @OrNull package var time: [BlkioEntry]?
  @OrNull package var sectors: [BlkioEntry]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case serviceBytes = "io_service_bytes_recursive"
    case serviced = "io_serviced_recursive"
    case queued = "io_queue_recursive"
    case serviceTime = "io_service_time_recursive"
    case waitTime = "io_wait_time_recursive"
    case merged = "io_merged_recursive"
    case time = "io_time_recursive"
    case sectors = "sectors_recursive"
  }
}

/// One number of one device.
package struct BlkioEntry: Codable, Sendable, Equatable, ZeroValue {
  @Field package var major: UInt64
  @Field package var minor: UInt64
  @Field package var op: String
  @Field package var value: UInt64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case major
    case minor
    case op
    case value
  }
}

/// What went through a network interface.
package struct NetworkStats: Codable, Sendable, Equatable, ZeroValue {
  @Field package var rxBytes: UInt64
  @Field package var rxPackets: UInt64
  @Field package var rxErrors: UInt64
  @Field package var rxDropped: UInt64
  @Field package var txBytes: UInt64
  @Field package var txPackets: UInt64
  @Field package var txErrors: UInt64
  @Field package var txDropped: UInt64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case rxBytes = "rx_bytes"
    case rxPackets = "rx_packets"
    case rxErrors = "rx_errors"
    case rxDropped = "rx_dropped"
    case txBytes = "tx_bytes"
    case txPackets = "tx_packets"
    case txErrors = "tx_errors"
    case txDropped = "tx_dropped"
  }
}
