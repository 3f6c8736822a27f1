// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import Launch
import ShimProtocol
import Synchronization

/// One container: owns its state, its shim and those who wait for it.
///
/// What changes a container's life (start, end, removal, pause, update, rename) holds `lock` and so happens one after the other; what waits for
/// an end (stop, kill, wait) does not hold it.
actor Container {
  nonisolated let id: String
  nonisolated let created: Int64
  nonisolated let paths: ContainerPaths
  nonisolated let services: Services
  let lock = AsyncLock()
  private let published: Mutex<ContainerView>
  let fragments = SummaryCache()

  var record: ContainerRecord { didSet { publish() } }
  var pid: Int32 = 0 { didSet { publish() } }
  var health: Health? { didSet { publish() } }
  var removing = false { didSet { publish() } }
  var shim: Shim?
  var generation = 0
  /// The directories of the image's layers, topmost first.
  var lower: [String]?
  var waiters = Waiters()
  var backOff = RestartBackOff()
  var restart: Task<Void, Never>?
  var monitor: HealthMonitor?
  /// A user's restart stops and starts: what an end brings about by itself (removal, restart by policy) does not happen in between.
  var restartedByUser = false
  /// It is being made anew: what it has of networks is its own until that has been done.
  var recreating = false
  var kept: ConnectionRecord?
  /// What it had before, and gets again where that is free.
  var preferred: ConnectionRecord?

  /// The connection to the process that keeps the workload, and that process when this daemon started it.
  struct Shim: Sendable {
    let connection: ShimConnection
    let process: ShimProcess?
    let generation: Int
  }

  init(_ record: ContainerRecord, services: Services, lower: [String]? = nil) {
    id = record.id
    created = record.created
    paths = services.paths.container(record.id)
    self.services = services
    self.record = record
    self.lower = lower
    published = Mutex(ContainerView(record: record))
  }

  /// How it is, without waiting for anybody.
  nonisolated var view: ContainerView { published.withLock { $0 } }

  nonisolated var layer: WritableLayer { paths.layer(of: view.record) }

  var state: StateRecord {
    get { record.state }
    set { record.state = newValue }
  }

  var config: ContainerConfig { record.definition.config }
  var host: HostConfig { record.definition.hostConfig }

  private func publish() {
    let (record, pid, health, removing) = (record, pid, health, removing)
    published.withLock { view in
      view = ContainerView(record: record, pid: pid, health: health, removing: removing, version: view.version + 1)
    }
  }

  /// Tells the world what happened.
  func event(_ action: String, _ more: [String: String] = [:]) {
    var attributes = config.labels ?? [:]
    attributes["image"] = config.image
    attributes["name"] = record.name
    services.events.publish("container", action, id: id, attributes: attributes.merging(more) { _, new in new })
  }

  /// The control connection. Throws `conflict` in Docker's words when nothing runs.
  func runningShim() throws(HullError) -> ShimConnection {
    guard state.status == .running || state.status == .paused, let shim else { throw notRunning() }
    return shim.connection
  }

  func notRunning() -> HullError { HullError(.conflict, "container \(id) is not running") }

  /// Registers a wait; when this returns nothing that happens afterwards is missed.
  func wait(_ condition: WaitCondition) -> WaitHandle {
    let (stream, sink) = AsyncStream.makeStream(of: ContainerWaitResponse.self, bufferingPolicy: .bufferingNewest(1))
    if condition == .notRunning && !state.status.isRunning {
      sink.yield(outcome)
      sink.finish()
    } else {
      let key = waiters.add(condition, sink: sink)
      sink.onTermination = { [weak self] reason in
        guard case .cancelled = reason, let self else { return }
        Task { await self.dropWaiter(key) }
      }
    }
    return WaitHandle {
      for await response in stream { return response }
      throw CancellationError()
    }
  }

  private func dropWaiter(_ key: Int) { waiters.drop(key) }

  /// What waits are answered with.
  var outcome: ContainerWaitResponse {
    var response = ContainerWaitResponse()
    response.statusCode = Int64(state.exitCode)
    if !state.error.isEmpty {
      response.error = ContainerWaitError()
      response.error?.message = state.error
    }
    return response
  }
}
