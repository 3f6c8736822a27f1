// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import OCISpec
import Seccomp
import Synchronization

/// Compiled filters by what they come from: compiling one takes longer than starting a container.
final class SeccompCache: Sendable {
  private struct Key: Hashable {
    let option: String?
    let capabilities: [String]
  }

  private static let limit = 64
  private let programs = Mutex<[Key: Seccomp.Program]>([:])

  /// The filter of a container; empty when it is to have none. Blocking for some milliseconds the first time.
  func program(_ host: HostConfig) throws(HullError) -> Seccomp.Program {
    guard let key = try key(host) else { return Seccomp.Program() }
    if let program = programs.withLock({ $0[key] }) { return program }
    guard let filter = try Seccomp.filter(option: key.option, capabilities: key.capabilities) else { return Seccomp.Program() }
    let program = try Seccomp.program(filter)
    programs.withLock { programs in
      if programs.count >= SeccompCache.limit { programs.removeAll() }
      programs[key] = program
    }
    return program
  }

  /// The filter in the words of the OCI specification, for runtimes that compile it themselves.
  func filter(_ host: HostConfig) throws(HullError) -> RuntimeSpec.Seccomp? {
    guard let key = try key(host) else { return nil }
    return try Seccomp.filter(option: key.option, capabilities: key.capabilities)
  }

  private func key(_ host: HostConfig) throws(HullError) -> Key? {
    let option = try SecurityOptions(host.securityOpt ?? []).seccomp
    // A privileged container has no filter unless one is asked for.
    if option == "unconfined" || host.privileged && option == nil { return nil }
    return Key(option: option, capabilities: try SpecBuilder.capabilities(host))
  }
}
