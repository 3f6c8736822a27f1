// SPDX-License-Identifier: Apache-2.0
import Engine
import EngineHTTP
import Errors
import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Everything between the command line and the signal that ends it.
final class Daemon: Sendable {
  static let version = EngineConfiguration(root: "", state: "", shimPath: "").version

  let logger: Logger
  private let engine: Engine
  private let api: EngineAPI
  private let sockets: [String]
  private let socketGroup: gid_t?
  private let pidFile: String
  /// Requests are short: a second loop only helps where there is a second processor.
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: min(2, System.coreCount))
  /// Held as long as the process lives.
  private let locks: [DirectoryLock]
  private let serving = Mutex<[(UnixListener, Acceptor)]>([])

  /// Takes the directories and opens the engine; nobody is served yet.
  init(_ options: DaemonOptions) throws(HullError) {
    var logger = Logger(label: "hulld")
    logger.logLevel = try options.level()
    self.logger = logger
    sockets = try options.sockets()
    socketGroup = try SocketGroup.find(options.group)
    pidFile = options.pidfile ?? options.state + "/hulld.pid"
    locks = [try DirectoryLock(options.root, option: "--root"), try DirectoryLock(options.state, option: "--state")]
    var versions = APIVersions()
    versions.maximum = APIVersion(1, 50)
    var configuration = EngineConfiguration(root: options.root, state: options.state, shimPath: try Process.shim(options.shim))
    configuration.runtimes = try options.runtimes()
    configuration.defaultRuntime = options.defaultRuntime
    configuration.cgroupParent = options.cgroupParent
    configuration.apiVersion = versions.maximum.description
    configuration.minimumAPIVersion = versions.minimum.description
    configuration.networks = try options.networks.configuration()
    configuration.registries = try options.registries.configuration()
    configuration.transfers = try options.registries.limits()
    configuration.diskBudget = try options.budget()
    configuration.buildCache = try options.buildCache.policy()
    configuration.buildEntitlements = try options.buildEntitlements()
    configuration.debug = logger.logLevel <= .debug
    do {
      engine = try Engine(configuration: configuration, log: logger, group: group)
    } catch {
      throw HullError(.internalError, "cannot open the engine in \(options.root)", cause: error)
    }
    api = EngineAPI(engine: engine, versions: versions, logger: logger)
  }

  /// Mends what the last run left, then serves.
  func start() async throws {
    try await engine.recover()
    let server = HTTPServer(api.serverConfiguration(version: Self.version), group: group)
    for path in sockets {
      let listener = try UnixListener(binding: path, group: socketGroup)
      let acceptor = try server.listen(on: listener.descriptor)
      serving.withLock { $0.append((listener, acceptor)) }
      logger.info("serving unix://\(path)")
    }
    try Process.writePID(to: pidFile)
    Process.notify("READY=1")
    Process.trimHeap()
  }

  /// Stops accepting and closes the engine. Workloads go on.
  func stop() async {
    Process.notify("STOPPING=1")
    let serving = serving.withLock { $0 }
    for (listener, acceptor) in serving {
      listener.unlinkPath()
      await acceptor.close()
    }
    await api.finish()
    await engine.shutdown()
    if !serving.isEmpty { unlink(pidFile) }
  }
}
