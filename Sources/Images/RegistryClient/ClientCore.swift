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
  /// When a place was last not reached.
  private let unreachable = Mutex<[String: ContinuousClock.Instant]>([:])

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

  /// Remembers whether a place could be reached.
  func note(_ place: Place, isReached: Bool) {
    unreachable.withLock { $0[place.name] = isReached ? nil : ContinuousClock.now }
  }

  /// The places in the order in which they are asked: those that were not reached a moment ago come last, so that not every blob waits for them.
  func ordered(_ places: [Place]) -> [Place] {
    let down = unreachable.withLock { all in Set(all.filter { ContinuousClock.now - $0.value < .seconds(30) }.keys) }
    return places.filter { !down.contains($0.name) } + places.filter { down.contains($0.name) }
  }

  func shutdown() async {
    await transport.shutdown()
    await threads.shutdown()
  }
}
