// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

extension Seccomp {
  /// A policy in Docker's form (`--security-opt seccomp=FILE`): rules that depend on capabilities, architecture and kernel.
  package struct DockerProfile: Codable, Sendable, Equatable {
    package var defaultAction: String
    package var defaultErrnoRet: UInt32?
    package var architectures: [String]?
    package var archMap: [Architecture]?
    package var flags: [String]?
    package var listenerPath: String?
    package var listenerMetadata: String?
    package var syscalls: [Rule]?

    package struct Architecture: Codable, Sendable, Equatable {
      package var architecture: String
      package var subArchitectures: [String]?
    }

    package struct Rule: Codable, Sendable, Equatable {
      /// The older form of `names`.
      package var name: String?
      package var names: [String]?
      package var action: String
      package var errnoRet: UInt32?
      package var args: [RuntimeSpec.SyscallArgument]?
      package var includes: Filter?
      package var excludes: Filter?
    }

    package struct Filter: Codable, Sendable, Equatable {
      package var caps: [String]?
      package var arches: [String]?
      /// `4.8`
      package var minKernel: String?
    }

    /// Docker's own default.
    package static let `default` = Result { try RuntimeJSON.decode(DockerProfile.self, from: Array(defaultJSON.utf8)) }

    /// Reads a policy as users write it.
    package init(json: [UInt8]) throws(HullError) {
      do {
        self = try RuntimeJSON.decode(DockerProfile.self, from: json)
      } catch {
        throw HullError(.invalidArgument, "decoding seccomp profile failed", cause: error)
      }
      try validate()
    }

    private func validate() throws(HullError) {
      guard (architectures ?? []).isEmpty || (archMap ?? []).isEmpty else {
        throw HullError(.invalidArgument, "seccomp profile: 'architectures' and 'archMap' were specified, use either of them")
      }
      for rule in syscalls ?? [] {
        guard rule.name == nil || (rule.names ?? []).isEmpty else {
          throw HullError(.invalidArgument, "seccomp profile: 'name' and 'names' were specified, use either of them")
        }
        for version in [rule.includes?.minKernel, rule.excludes?.minKernel] {
          guard let version else { continue }
          _ = try KernelVersion(version)
        }
      }
    }
  }

  /// Docker's default policy for a container with these capabilities (its bounding set) on this machine.
  package static func defaultFilter(capabilities: [String]) throws(HullError) -> RuntimeSpec.Seccomp {
    do {
      return try DockerProfile.default.get().resolve(Host.current(capabilities: capabilities))
    } catch {
      throw HullError(.internalError, "the default seccomp profile cannot be used", cause: error)
    }
  }

  /// What `--security-opt seccomp=…` asks for: `nil` or `builtin` the default, `unconfined` none, otherwise the profile's JSON text.
  package static func filter(option: String?, capabilities: [String]) throws(HullError) -> RuntimeSpec.Seccomp? {
    switch option {
    case nil, "", "builtin": try defaultFilter(capabilities: capabilities)
    case "unconfined": nil
    case .some(let json): try DockerProfile(json: Array(json.utf8)).resolve(Host.current(capabilities: capabilities))
    }
  }
}
