// SPDX-License-Identifier: Apache-2.0

/// What a runtime can do (`features` of the OCI runtime specification 1.2, features.md).
package struct RuntimeFeatures: Codable, Sendable, Equatable {
  package var ociVersionMin: String
  package var ociVersionMax: String
  package var hooks: [String]?
  package var mountOptions: [String]?
  package var linux: Linux?
  package var annotations: [String: String]?
  package var potentiallyUnsafeConfigAnnotations: [String]?

  package init(ociVersionMin: String, ociVersionMax: String) {
    self.ociVersionMin = ociVersionMin
    self.ociVersionMax = ociVersionMax
  }

  package struct Linux: Codable, Sendable, Equatable {
    package var namespaces: [String]?
    package var capabilities: [String]?
    package var cgroup: Cgroup?
    package var seccomp: Seccomp?
    package var apparmor: Enabled?
    package var selinux: Enabled?
    package var intelRdt: Enabled?
    package var mountExtensions: MountExtensions?
    package init() {}
  }

  package struct Cgroup: Codable, Sendable, Equatable {
    package var v1: Bool?
    package var v2: Bool?
    package var systemd: Bool?
    package var systemdUser: Bool?
    package var rdma: Bool?
    package init() {}
  }

  package struct Seccomp: Codable, Sendable, Equatable {
    package var enabled: Bool?
    package var actions: [String]?
    package var operators: [String]?
    package var archs: [String]?
    package var knownFlags: [String]?
    package var supportedFlags: [String]?
    package init() {}
  }

  package struct Enabled: Codable, Sendable, Equatable {
    package var enabled: Bool?
    package init(_ enabled: Bool) { self.enabled = enabled }
  }

  package struct MountExtensions: Codable, Sendable, Equatable {
    package var idmap: Enabled?
    package init() {}
  }
}
