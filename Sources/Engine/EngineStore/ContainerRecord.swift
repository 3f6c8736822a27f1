// SPDX-License-Identifier: Apache-2.0
import DockerAPI

/// A container as the database keeps it: what it was made from, and how it is.
package struct ContainerRecord: Sendable, Equatable {
  /// 64 hexadecimal digits.
  package let id: String
  /// Without the leading slash.
  package var name: String
  /// Nanoseconds since 1970.
  package let created: Int64
  package var definition: ContainerDefinition
  package var state: StateRecord

  package init(id: String, name: String, created: Int64, definition: ContainerDefinition, state: StateRecord = StateRecord()) {
    self.id = id
    self.name = name
    self.created = created
    self.definition = definition
    self.state = state
  }
}

/// What a container was made from: its configuration, completed with the image's and with defaults.
package struct ContainerDefinition: Codable, Sendable, Equatable {
  /// The image's ID, `sha256:…`.
  package var imageID: String
  package var platform: String
  package var config: ContainerConfig
  package var hostConfig: HostConfig
  package var networks: [String: EndpointSettings]
  package var mounts: [MountRecord]
  /// Which of its writable layers is its own: empty for the first, another for each time it was made anew.
  @OmitEmpty package var layer: String
  /// `--link` on the default network; `nil`: none.
  package var links: [LinkRecord]?

  package init(
    imageID: String, platform: String, config: ContainerConfig, hostConfig: HostConfig, networks: [String: EndpointSettings], mounts: [MountRecord]
  ) {
    self.imageID = imageID
    self.platform = platform
    self.config = config
    self.hostConfig = hostConfig
    self.networks = networks
    self.mounts = mounts
  }
}

extension ContainerRecord {
  /// Under which name it holds the layers of its image.
  package var imageHolder: String { definition.layer.isEmpty ? id : "\(id)/layer\(definition.layer)" }

  /// Every name under which it holds layers: its image's and those of the images that are mounted in it.
  package var holders: [String] { [imageHolder] + definition.mounts.map(\.holder).filter { !$0.isEmpty } }
}

/// What one container of the default network knows another one by. It stays with that very container, whatever that is called.
package struct LinkRecord: Codable, Sendable, Equatable {
  /// The other container's ID.
  package let id: String
  /// Its name at the time, for when it is gone.
  package let name: String
  package let alias: String

  package init(id: String, name: String, alias: String) {
    self.id = id
    self.name = name
    self.alias = alias
  }
}

/// A place in a container at which something else is mounted.
package struct MountRecord: Codable, Sendable, Equatable {
  package enum Kind: String, Codable, Sendable {
    case bind, volume, tmpfs, image
  }

  package var kind: Kind
  /// Of a volume.
  package var name = ""
  /// On the host; of an image its name; empty for tmpfs.
  package var source: String
  /// In the container, clean and absolute.
  package var destination: String
  package var writable = true
  /// What followed the second colon of `-v`.
  package var mode = ""
  /// `rprivate`, …
  package var propagation = ""
  /// Options of a tmpfs.
  package var options = ""
  package var nonRecursive = false
  package var readOnlyNonRecursive = false
  package var readOnlyForceRecursive = false
  /// A bind's source that is not there is made as a directory.
  package var createSource = false
  /// A volume that the container being made brings along.
  package var isNew = false
  /// Whether the client asked with `Mounts` and not with `Binds`.
  package var fromMountSpec = false
  /// A volume that the client gave no name.
  @OmitEmpty package var anonymous: Bool
  /// A volume that does not begin with what the image has at its place.
  @OmitEmpty package var noCopy: Bool
  /// Of a volume or an image: the directory or file in it that is mounted.
  @OmitEmpty package var subpath: String
  /// Of an image mount: the image's ID.
  @OmitEmpty package var imageID: String
  /// Of an image mount: under which name it holds the image's layers.
  @OmitEmpty package var holder: String
  /// Of a bind: how owners are shown in the container, as the client wrote it.
  @OmitEmpty package var idMap: String
  /// `z` or `Z`: the content gets a label that containers may use, where SELinux is on.
  @OmitEmpty package var relabel: Bool
  /// It is just being mounted or unmounted while the container runs.
  @OmitEmpty package var changing: Bool

  package init(kind: Kind, source: String, destination: String) {
    self.kind = kind
    self.source = source
    self.destination = destination
  }
}

/// How a container is, as far as it must be known after a crash.
package struct StateRecord: Sendable, Equatable {
  package enum Status: String, Sendable {
    case created, running, paused, restarting, removing, exited, dead
  }

  package var status = Status.created
  package var exitCode: Int32 = 0
  package var error = ""
  /// Nanoseconds since 1970; 0: never.
  package var startedAt: Int64 = 0
  package var finishedAt: Int64 = 0
  package var oomKilled = false
  package var restartCount = 0
  /// A user stopped it: `unless-stopped` then leaves it alone.
  package var manuallyStopped = false
  /// How it is connected while it runs; `nil` when it does not, or has no network of its own.
  package var connection: ConnectionRecord?

  package init() {}
}
