// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import Logging
import NIOCore
import NIOPosix
import Threads

/// The composition root: owns the stores, the containers, the execs and the events, and offers what the Docker Engine API asks for.
///
/// Names and IDs are resolved as Docker does (full ID, name, unambiguous ID prefix). Every method throws `HullError`s whose codes are
/// HTTP statuses and whose messages are Docker's where clients match on them.
package final class Engine: Sendable {
  package let configuration: EngineConfiguration
  let services: Services

  /// Opens the stores under `configuration.root`. `recover()` must be called before requests are served. Blocking.
  /// - Parameter group: where connections to registries live.
  package init(configuration: EngineConfiguration, log: Logger, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton) throws {
    self.configuration = configuration
    services = try Services(configuration: configuration, log: log, group: group)
  }

  /// Finds the workloads that outlived the last daemon, finishes what it left half-done, sweeps leftovers, restarts what is to be restarted.
  package func recover() async throws {
    try await Recovery(services: services).run()
    services.disk.start(every: configuration.maintenanceInterval)
  }

  /// Stops serving: ends event streams and lets the shims go. Workloads go on.
  package func shutdown() async {
    services.events.finish()
    services.disk.stop()
    await services.transfer.client.shutdown()
    let isIdle = !services.registry.all.contains { $0.view.isRunning }
    for container in services.registry.all { await container.leave() }
    let services = self.services
    try? await Blocking.run {
      services.images.writeNotes()
      // Nothing of the engine's networks stays on a host on which nothing of it runs.
      if isIdle { services.hostNetwork.withdraw(services.networks.all) }
    }
  }
}
