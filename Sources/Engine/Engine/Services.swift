// SPDX-License-Identifier: Apache-2.0
import Database
import EngineStore
import Errors
import ImageStore
import Logging
import OCISpec

/// What the parts of an engine share. Made once, by the engine.
final class Services: Sendable {
  let configuration: EngineConfiguration
  let paths: Paths
  let log: Logger
  let store: ContainerStore
  let images: ImageStore
  let lookup: ImageLookup
  let events: EventBus
  let volumes: VolumeManager
  let registry = ContainerRegistry()
  let execs = ExecRegistry()
  let logWatcher = LogWatcher()
  let seccomp = SeccompCache()
  /// When this engine was opened: nanoseconds since 1970.
  let opened = Timestamp.now()

  init(configuration: EngineConfiguration, log: Logger) throws(HullError) {
    self.configuration = configuration
    self.log = log
    paths = Paths(root: configuration.root, state: configuration.state)
    for directory in [paths.root, paths.containers, paths.volumes] { try HostFiles.makeDirectories(directory, mode: 0o711) }
    try HostFiles.makeDirectories(paths.mountPoint)
    try HostFiles.makeDirectories(paths.runs, mode: 0o711)
    let database = try HullDatabase(path: paths.database, schemas: [ImageStore.schema, EngineSchema.schema])
    store = ContainerStore(database)
    events = EventBus()
    volumes = VolumeManager(paths: paths, store: store, events: events)
    images = try ImageStore(root: paths.root, database: database)
    lookup = ImageLookup(images)
  }

  var runtimeNames: Set<String> { Set(configuration.runtimes.keys).union([builtinRuntime]) }
}

/// The name of Hull's own launcher among the runtimes.
let builtinRuntime = "hull"
