// SPDX-License-Identifier: Apache-2.0

extension RuntimeSpec {
  /// The platform's own part of the configuration.
  package struct Linux: Codable, Sendable, Equatable {
    package var uidMappings: [IDMapping]?
    package var gidMappings: [IDMapping]?
    package var sysctl: [String: String]?
    package var resources: Resources?
    /// Absolute: a path in every hierarchy; relative: below the runtime's own; `slice:prefix:name` with systemd.
    package var cgroupsPath: String?
    package var namespaces: [Namespace]?
    package var devices: [Device]?
    package var seccomp: Seccomp?
    /// `shared`, `slave`, `private`, `unbindable`, each also with a leading `r`.
    package var rootfsPropagation: String?
    package var maskedPaths: [String]?
    package var readonlyPaths: [String]?
    package var mountLabel: String?
    package var intelRdt: IntelRdt?
    package var personality: Personality?
    /// By clock: `monotonic`, `boottime`.
    package var timeOffsets: [String: TimeOffset]?
    package init() {}
  }

  package struct Namespace: Codable, Sendable, Equatable {
    /// `pid`, `network`, `mount`, `ipc`, `uts`, `user`, `cgroup`, `time`
    package var type: String
    /// Join this one instead of making a new one.
    package var path: String?
    package init(_ type: String, path: String? = nil) {
      self.type = type
      self.path = path
    }
  }

  package struct IDMapping: Codable, Sendable, Equatable {
    package var containerID: UInt32
    package var hostID: UInt32
    package var size: UInt32
    package init(containerID: UInt32, hostID: UInt32, size: UInt32) {
      self.containerID = containerID
      self.hostID = hostID
      self.size = size
    }
  }

  /// A device node that is made in the container.
  package struct Device: Codable, Sendable, Equatable {
    package var path: String
    /// `c`, `b`, `u` or `p`
    package var type: String
    package var major: Int64?
    package var minor: Int64?
    package var fileMode: UInt32?
    package var uid: UInt32?
    package var gid: UInt32?
    package init(path: String, type: String, major: Int64, minor: Int64, fileMode: UInt32? = nil) {
      self.path = path
      self.type = type
      self.major = major
      self.minor = minor
      self.fileMode = fileMode
    }
  }

  /// A class of the processor's cache and memory bandwidth control (resctrl).
  package struct IntelRdt: Codable, Sendable, Equatable {
    package var closID: String?
    package var l3CacheSchema: String?
    package var memBwSchema: String?
    package var enableCMT: Bool?
    package var enableMBM: Bool?
    package init() {}
  }

  package struct Personality: Codable, Sendable, Equatable {
    /// `LINUX` or `LINUX32`
    package var domain: String
    package var flags: [String]?
    package init(domain: String) { self.domain = domain }
  }

  package struct TimeOffset: Codable, Sendable, Equatable {
    package var secs: Int64?
    package var nanosecs: UInt32?
    package init() {}
  }
}
