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
  /// - Parameters:
  ///   - userAgent: what registries are told, `hull/1.0 …`.
  ///   - group: the event loops that connections live on.
  package init(
    configuration: RegistriesConfiguration, userAgent: String, group: any EventLoopGroup, limits: ClientLimits = ClientLimits(), logger: Logger
  ) {}

  /// Ends what is going on and closes all connections. Once, and nothing may be asked afterwards.
  package func shutdown() async {}

  /// A repository at its places. The reference's tag and digest do not matter here.
  package func repository(_ reference: Reference, credentials: RegistryCredentials? = nil, access: RegistryAccess) -> Repository {
    Repository(reference: reference)
  }

  /// Proves credentials at the registry that they name: `docker login`.
  /// - Returns: Docker's status, and the identity token that takes the place of the password, if the registry gives one; else empty.
  package func verify(_ credentials: RegistryCredentials) async throws -> (status: String, identityToken: String) {
    throw HullError(.unsupported, "not yet")
  }

  /// Searches a registry's index: `docker search`. `host:port/term` asks that host, a bare term Docker's hub.
  package func search(
    _ term: String, credentials: RegistryCredentials? = nil, limit: Int? = nil, filter: SearchFilter = SearchFilter()
  ) async throws -> [SearchResult] {
    throw HullError(.unsupported, "not yet")
  }
}
