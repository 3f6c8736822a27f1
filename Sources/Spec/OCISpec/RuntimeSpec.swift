// SPDX-License-Identifier: Apache-2.0

/// A bundle's `config.json` as the OCI runtime specification 1.2 describes it, for Linux.
///
/// Everything that may be missing is optional; unknown fields are ignored on decoding. Where the specification has an enumeration the value
/// stays a string: the compiler of launch plans says what it does not know.
package struct RuntimeSpec: Codable, Sendable, Equatable {
  /// The version of the specification that Hull writes.
  package static let version = "1.2.0"

  package var ociVersion: String = RuntimeSpec.version
  package var process: Process?
  package var root: Root?
  package var hostname: String?
  package var domainname: String?
  /// In the order in which they are made.
  package var mounts: [Mount]?
  package var hooks: Hooks?
  package var annotations: [String: String]?
  package var linux: Linux?
  package var vm: VirtualMachine?

  package init() {}

  /// The root file system.
  package struct Root: Codable, Sendable, Equatable {
    /// Absolute, or relative to the bundle.
    package var path: String
    package var readonly: Bool?
    package init(path: String, readonly: Bool? = nil) {
      self.path = path
      self.readonly = readonly
    }
  }

  /// One mount below the root.
  package struct Mount: Codable, Sendable, Equatable {
    package var destination: String
    package var type: String?
    /// For bind mounts absolute, or relative to the bundle.
    package var source: String?
    /// As for mount(8).
    package var options: [String]?
    package var uidMappings: [IDMapping]?
    package var gidMappings: [IDMapping]?
    package init(destination: String, type: String? = nil, source: String? = nil, options: [String]? = nil) {
      self.destination = destination
      self.type = type
      self.source = source
      self.options = options
    }
  }

  /// Programs run at the turns of a container's life; each gets the state on its standard input.
  package struct Hooks: Codable, Sendable, Equatable {
    package var prestart: [Hook]?
    package var createRuntime: [Hook]?
    package var createContainer: [Hook]?
    package var startContainer: [Hook]?
    package var poststart: [Hook]?
    package var poststop: [Hook]?
    package init() {}
  }

  package struct Hook: Codable, Sendable, Equatable {
    package var path: String
    /// With the program's own name first, as for execve(2).
    package var args: [String]?
    package var env: [String]?
    /// seconds
    package var timeout: Int?
    package init(path: String, args: [String]? = nil, env: [String]? = nil, timeout: Int? = nil) {
      self.path = path
      self.args = args
      self.env = env
      self.timeout = timeout
    }
  }

  /// Settings of a runtime whose wall is a virtual machine.
  package struct VirtualMachine: Codable, Sendable, Equatable {
    package var hypervisor: Hypervisor?
    package var kernel: Kernel?
    package var image: Image?
    package init() {}

    package struct Hypervisor: Codable, Sendable, Equatable {
      package var path: String?
      package var parameters: [String]?
      package init() {}
    }

    package struct Kernel: Codable, Sendable, Equatable {
      package var path: String?
      package var parameters: [String]?
      package var initrd: String?
      package init() {}
    }

    package struct Image: Codable, Sendable, Equatable {
      package var path: String?
      package var format: String?
      package init() {}
    }
  }
}
