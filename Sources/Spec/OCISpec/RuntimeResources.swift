// SPDX-License-Identifier: Apache-2.0

extension RuntimeSpec {
  /// What a container may use (the specification's control groups). Also the body of `update --resources`.
  package struct Resources: Codable, Sendable, Equatable {
    /// Rules are applied in order; the last one that fits counts.
    package var devices: [DeviceRule]?
    package var memory: Memory?
    package var cpu: CPU?
    package var pids: Pids?
    package var blockIO: BlockIO?
    package var hugepageLimits: [HugepageLimit]?
    package var network: Network?
    package var rdma: [String: Rdma]?
    /// Files of cgroup v2 by name.
    package var unified: [String: String]?
    package init() {}
  }

  package struct DeviceRule: Codable, Sendable, Equatable {
    package var allow: Bool
    /// `a`, `b` or `c`; missing: all
    package var type: String?
    /// Missing: any.
    package var major: Int64?
    package var minor: Int64?
    /// Some of `rwm`; missing: all.
    package var access: String?
    package init(allow: Bool, type: String? = nil, major: Int64? = nil, minor: Int64? = nil, access: String? = "rwm") {
      self.allow = allow
      self.type = type
      self.major = major
      self.minor = minor
      self.access = access
    }
  }

  /// Bytes; -1: no limit.
  package struct Memory: Codable, Sendable, Equatable {
    package var limit: Int64?
    package var reservation: Int64?
    /// Memory and swap together.
    package var swap: Int64?
    package var kernel: Int64?
    package var kernelTCP: Int64?
    package var swappiness: UInt64?
    package var disableOOMKiller: Bool?
    package var useHierarchy: Bool?
    package var checkBeforeUpdate: Bool?
    package init() {}
  }

  /// Times in microseconds.
  package struct CPU: Codable, Sendable, Equatable {
    package var shares: UInt64?
    package var quota: Int64?
    package var burst: UInt64?
    package var period: UInt64?
    package var realtimeRuntime: Int64?
    package var realtimePeriod: UInt64?
    package var cpus: String?
    package var mems: String?
    package var idle: Int64?
    package init() {}
  }

  package struct Pids: Codable, Sendable, Equatable {
    /// 0 or less: no limit
    package var limit: Int64?
    package init(limit: Int64) { self.limit = limit }
  }

  package struct BlockIO: Codable, Sendable, Equatable {
    package var weight: UInt16?
    package var leafWeight: UInt16?
    package var weightDevice: [WeightDevice]?
    package var throttleReadBpsDevice: [ThrottleDevice]?
    package var throttleWriteBpsDevice: [ThrottleDevice]?
    package var throttleReadIOPSDevice: [ThrottleDevice]?
    package var throttleWriteIOPSDevice: [ThrottleDevice]?
    package init() {}
  }

  package struct WeightDevice: Codable, Sendable, Equatable {
    package var major: Int64
    package var minor: Int64
    package var weight: UInt16?
    package var leafWeight: UInt16?
    package init(major: Int64, minor: Int64, weight: UInt16) {
      self.major = major
      self.minor = minor
      self.weight = weight
    }
  }

  package struct ThrottleDevice: Codable, Sendable, Equatable {
    package var major: Int64
    package var minor: Int64
    /// Bytes or operations per second.
    package var rate: UInt64
    package init(major: Int64, minor: Int64, rate: UInt64) {
      self.major = major
      self.minor = minor
      self.rate = rate
    }
  }

  package struct HugepageLimit: Codable, Sendable, Equatable {
    /// `2MB`, `1GB`
    package var pageSize: String
    /// bytes
    package var limit: UInt64
    package init(pageSize: String, limit: UInt64) {
      self.pageSize = pageSize
      self.limit = limit
    }
  }

  package struct Network: Codable, Sendable, Equatable {
    package var classID: UInt32?
    package var priorities: [InterfacePriority]?
    package init() {}
  }

  package struct InterfacePriority: Codable, Sendable, Equatable {
    package var name: String
    package var priority: UInt32
    package init(name: String, priority: UInt32) {
      self.name = name
      self.priority = priority
    }
  }

  package struct Rdma: Codable, Sendable, Equatable {
    package var hcaHandles: UInt32?
    package var hcaObjects: UInt32?
    package init() {}
  }
}
