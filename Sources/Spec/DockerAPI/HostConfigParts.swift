// SPDX-License-Identifier: Apache-2.0

/// Which log driver, with which options.
package struct LogConfig: Codable, Sendable, Equatable, ZeroValue {
  @Field package var type: String
  @OrNull package var config: [String: String]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case type = "Type"
    case config = "Config"
  }
}

/// When a container that has ended is started again: `no`, `always`, `unless-stopped`, `on-failure`.
package struct RestartPolicy: Codable, Sendable, Equatable, ZeroValue {
  @Field package var name: String
  @Field package var maximumRetryCount: Int

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name = "Name"
    case maximumRetryCount = "MaximumRetryCount"
  }
}

/// Where on the host a container's port is published.
package struct PortBinding: Codable, Sendable, Equatable, ZeroValue {
  @Field package var hostIP: String
  @Field package var hostPort: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case hostIP = "HostIp"
    case hostPort = "HostPort"
  }
}

/// The share of a block device's time.
package struct WeightDevice: Codable, Sendable, Equatable, ZeroValue {
  @Field package var path: String
  @Field package var weight: UInt16

  package init() {}

  enum CodingKeys: String, CodingKey {
    case path = "Path"
    case weight = "Weight"
  }
}

/// A limit, per second, on a block device.
package struct ThrottleDevice: Codable, Sendable, Equatable, ZeroValue {
  @Field package var path: String
  @Field package var rate: UInt64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case path = "Path"
    case rate = "Rate"
  }
}

/// A device of the host, where it is in the container, and what may be done with it (`rwm`).
package struct DeviceMapping: Codable, Sendable, Equatable, ZeroValue {
  @Field package var pathOnHost: String
  @Field package var pathInContainer: String
  @Field package var cgroupPermissions: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case pathOnHost = "PathOnHost"
    case pathInContainer = "PathInContainer"
    case cgroupPermissions = "CgroupPermissions"
  }
}

/// A request for devices from a device driver (`--gpus`).
package struct DeviceRequest: Codable, Sendable, Equatable, ZeroValue {
  @Field package var driver: String
  @Field package var count: Int
  @OrNull package var deviceIDs: [String]?
  @OrNull package var capabilities: [[String]]?
  @OrNull package var options: [String: String]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case driver = "Driver"
    case count = "Count"
    case deviceIDs = "DeviceIDs"
    case capabilities = "Capabilities"
    case options = "Options"
  }
}

/// A resource limit by the name that `ulimit` has for it.
package struct Ulimit: Codable, Sendable, Equatable, ZeroValue {
  @Field package var name: String
  @Field package var hard: Int64
  @Field package var soft: Int64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name = "Name"
    case hard = "Hard"
    case soft = "Soft"
  }
}
