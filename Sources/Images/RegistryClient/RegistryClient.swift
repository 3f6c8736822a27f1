// SPDX-License-Identifier: Apache-2.0
import Errors
import Logging
import NIOCore
import OCISpec

/// What is wanted of a repository: the scope of the tokens that are asked for.
package enum RegistryAccess: Sendable, Hashable {
  case pull
  /// Includes pulling.
  case push
}

/// The client of registries: OCI distribution specification 1.1 and Docker's registry HTTP API V2.
///
/// Costs nothing until something is asked: connections, threads and TLS come with the first request.
package final class RegistryClient: Sendable {
  let core: ClientCore

  /// - Parameters:
  ///   - userAgent: what registries are told, `hull/1.0 …`.
  ///   - group: the event loops that connections live on.
  package init(
    configuration: RegistriesConfiguration, userAgent: String, group: any EventLoopGroup, limits: ClientLimits = ClientLimits(), logger: Logger
  ) {
    core = ClientCore(configuration: configuration, userAgent: userAgent, group: group, limits: limits, logger: logger)
  }

  /// Ends what is going on and closes all connections. Once, and nothing may be asked afterwards.
  package func shutdown() async { await core.shutdown() }

  /// A repository at its places. The reference's tag and digest do not matter here.
  /// - Parameter insecure: plain HTTP and unverified TLS are fine at the registry itself, whatever the configuration says.
  package func repository(
    _ reference: Reference, credentials: RegistryCredentials? = nil, access: RegistryAccess, insecure: Bool = false
  ) -> Repository {
    Repository(reference: reference, core: core, credentials: credentials, access: access, insecure: insecure)
  }
}
