// SPDX-License-Identifier: Apache-2.0

/// A mount that a client asks for (`--mount`).
package struct Mount: Codable, Sendable, Equatable, ZeroValue {
  /// `bind`, `volume`, `tmpfs`, `npipe`, `cluster`, `image`
  @OmitEmpty package var type: String
  @OmitEmpty package var source: String
  @OmitEmpty package var target: String
  @OmitEmpty package var readOnly: Bool
  @OmitEmpty package var consistency: String
  package var bindOptions: BindOptions?
  package var volumeOptions: VolumeOptions?
  package var imageOptions: ImageOptions?
  package var tmpfsOptions: TmpfsOptions?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case type = "Type"
    case source = "Source"
    case target = "Target"
    case readOnly = "ReadOnly"
    case consistency = "Consistency"
    case bindOptions = "BindOptions"
    case volumeOptions = "VolumeOptions"
    case imageOptions = "ImageOptions"
    case tmpfsOptions = "TmpfsOptions"
  }
}

/// Options of a bind mount.
package struct BindOptions: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var propagation: String
  @OmitEmpty package var nonRecursive: Bool
  @OmitEmpty package var createMountpoint: Bool
  @OmitEmpty package var readOnlyNonRecursive: Bool
  @OmitEmpty package var readOnlyForceRecursive: Bool
  /// `HOST-CONTAINER-COUNT[+…]`: Hull's own; whose files in the source are whose in the container
  @OmitEmpty package var idMap: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case propagation = "Propagation"
    case nonRecursive = "NonRecursive"
    case createMountpoint = "CreateMountpoint"
    case readOnlyNonRecursive = "ReadOnlyNonRecursive"
    case readOnlyForceRecursive = "ReadOnlyForceRecursive"
    case idMap = "IDMap"
  }
}

/// Options of a volume mount.
package struct VolumeOptions: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var noCopy: Bool
  @OmitEmpty package var labels: [String: String]
  @OmitEmpty package var subpath: String
  package var driverConfig: VolumeDriver?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case noCopy = "NoCopy"
    case labels = "Labels"
    case subpath = "Subpath"
    case driverConfig = "DriverConfig"
  }
}

/// A volume driver and its options.
package struct VolumeDriver: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var name: String
  @OmitEmpty package var options: [String: String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name = "Name"
    case options = "Options"
  }
}

/// Options of an image mount.
package struct ImageOptions: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var subpath: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case subpath = "Subpath"
  }
}

/// Options of a tmpfs mount.
package struct TmpfsOptions: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var sizeBytes: Int64
  @OmitEmpty package var mode: UInt32
  @OmitEmpty package var options: [[String]]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case sizeBytes = "SizeBytes"
    case mode = "Mode"
    case options = "Options"
  }
}

/// A mount as inspect shows it.
package struct MountPoint: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var type: String
  @OmitEmpty package var name: String
  @Field package var source: String
  @Field package var destination: String
  @OmitEmpty package var driver: String
  @Field package var mode: String
  @Field package var rw: Bool
  @Field package var propagation: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case type = "Type"
    case name = "Name"
    case source = "Source"
    case destination = "Destination"
    case driver = "Driver"
    case mode = "Mode"
    case rw = "RW"
    case propagation = "Propagation"
  }
}
