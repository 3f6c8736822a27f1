// SPDX-License-Identifier: Apache-2.0
import Logging
import NIOCore
import Synchronization
import Threads

/// What all repositories of a client share.
final class ClientCore: Sendable {
  let configuration: RegistriesConfiguration
  let limits: ClientLimits
  let threads = FileThreads(count: 4)
  let transport: Transport
  let authenticator: Authenticator
  let logger: Logger
  /// Blobs on their way in, connections for them, blobs on their way out.
  let downloads: AsyncLimiter
  let connections: AsyncLimiter
  let uploads: AsyncLimiter
  /// The scheme that worked at a place where more than one may be tried.
  let schemes = Mutex<[String: WebAddress.Scheme]>([:])

  init(configuration: RegistriesConfiguration, userAgent: String, group: any EventLoopGroup, limits: ClientLimits, logger: Logger) {
    self.configuration = configuration
    self.limits = limits
    self.logger = logger
    transport = Transport(configuration: configuration, limits: limits, userAgent: userAgent, group: group, threads: threads)
    authenticator = Authenticator(transport: transport, limits: limits)
    downloads = AsyncLimiter(limits.downloads)
    connections = AsyncLimiter(limits.downloadConnections)
    uploads = AsyncLimiter(limits.uploads)
  }

  func shutdown() async {
    await transport.shutdown()
    await threads.shutdown()
  }
}
