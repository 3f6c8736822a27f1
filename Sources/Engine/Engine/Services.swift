// SPDX-License-Identifier: Apache-2.0
import Builder
import Database
import EngineStore
import Errors
import ImageStore
import ImageTransfer
import Logging
import NIOCore
import Networking
import OCISpec
import RegistryClient

/// What the parts of an engine share. Made once, by the engine.
final class Services: Sendable {
  let configuration: EngineConfiguration
  let paths: Paths
  let log: Logger
  let store: ContainerStore
  let networkStore: NetworkStore
  let networks = NetworkRegistry()
  let hostNetwork: HostNetwork
  let ports: PortRegistry
  /// The 40 random bits of this engine's own IPv6 networks (RFC 4193, section 3.2.2).
  let uniqueLocalID: UInt64
  let images: ImageStore
  let lookup: ImageLookup
  let transfer: ImageTransfer
  /// Builds need all the others: it is made after them.
  var builder: Builder {
    guard let made = lateBuilder.value else { preconditionFailure("the builder is made with the services") }
    return made
  }
  private let lateBuilder = Late<Builder>()
  let disk: DiskKeeper
  let events: EventBus
  let volumes: VolumeManager
  let registry = ContainerRegistry()
  let execs = ExecRegistry()
  let logWatcher = LogWatcher()
  let seccomp = SeccompCache()
  /// When this engine was opened: nanoseconds since 1970.
  let opened = Timestamp.now()

  init(configuration: EngineConfiguration, log: Logger, group: any EventLoopGroup) throws(HullError) {
    self.configuration = configuration
    self.log = log
    paths = Paths(root: configuration.root, state: configuration.state)
    for directory in [paths.root, paths.networks] { try HostFiles.makeDirectories(directory, mode: 0o711) }
    // What containers write may be set-user-ID: nobody else on the host gets at it.
    for directory in [paths.containers, paths.volumes] { try HostFiles.makeDirectories(directory, mode: 0o710) }
    try HostFiles.makeDirectories(paths.mountPoint)
    try HostFiles.makeDirectories(paths.runs, mode: 0o711)
    let database = try HullDatabase(path: paths.database, schemas: [ImageStore.schema, EngineSchema.schema])
    store = ContainerStore(database)
    networkStore = NetworkStore(database)
    let settings = configuration.networks
    hostNetwork = try HostNetwork(paths: paths, settings: settings, log: log)
    ports = PortRegistry(allocator: PortAllocator(dynamic: DynamicPorts.range(), reserved: DynamicPorts.reserved()))
    uniqueLocalID = UInt64(try networkStore.setting("uniqueLocalID") { String(UInt64.random(in: 0..<1 << 40)) }) ?? 0
    events = EventBus()
    volumes = VolumeManager(paths: paths, store: store, events: events)
    images = try ImageStore(root: paths.root, database: database)
    lookup = ImageLookup(images)
    disk = DiskKeeper(
      budget: configuration.diskBudget, cache: configuration.buildCache, images: images, lookup: lookup, registry: registry, events: events, log: log)
    transfer = ImageTransfer(store: images, client: Services.registryClient(configuration, log, group))
    try HostFiles.makeDirectories(paths.emptyLayer, mode: 0o755)
    var surroundings = BuilderSurroundings(
      images: images, transfer: transfer, runner: EngineStepRunner(services: self), directory: paths.builds, state: paths.state + "/build")
    surroundings.entitlements = configuration.buildEntitlements
    let builder = try Builder(
      surroundings, remote: HostRemoteSources(transfer.client, keptIn: paths.builds), commands: Services.concurrentCommands)
    lateBuilder.set(builder)
    disk.look(after: builder)
  }

  private static func registryClient(_ configuration: EngineConfiguration, _ log: Logger, _ group: any EventLoopGroup) -> RegistryClient {
    RegistryClient(
      configuration: configuration.registries, userAgent: "hull/\(configuration.version) (linux)", group: group, limits: configuration.transfers,
      logger: log)
  }

  /// How many `RUN`s of all builds work at once: most of them wait for the network or the disk for much of their time.
  private static let concurrentCommands = 16

  var networkSettings: NetworkConfiguration { configuration.networks }

  /// What `host-gateway` stands for.
  var hostGateways: [String] {
    if let address = networkSettings.hostGateway { return [address.description] }
    return networks.named("bridge")?.addresses?.gateways.map(\.address.description) ?? ["127.0.0.1"]
  }

  var runtimeNames: Set<String> { Set(configuration.runtimes.keys).union([builtinRuntime]).union(customaryRuntimes) }
}

/// The name of Hull's own launcher among the runtimes.
let builtinRuntime = "hull"

/// What clients ask for that know Docker's: Hull's own launcher, unless the daemon was given another one of that name.
let customaryRuntimes: Set<String> = ["runc", "io.containerd.runc.v2"]
