// SPDX-License-Identifier: Apache-2.0
import Archive
import EngineStore
import Errors
import Synchronization
import Volumes

/// All volumes of an engine: which there are, who uses them and who has them mounted.
///
/// What makes, removes, mounts or fills a volume holds that volume's lock and so happens one after the other.
final class VolumeManager: Sendable {
  struct Entry: Sendable {
    var record: VolumeRecord
    /// The IDs of containers, running or not.
    var users: Set<String> = []
    /// Running containers and operations that need the volume mounted.
    var mounters: Set<String> = []
    /// Its content is just being exchanged: whoever wants to mount it waits for its lock.
    var replacing = false
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var locks: [String: AsyncLock] = [:]
  }

  let paths: Paths
  let store: ContainerStore
  let events: EventBus
  private let state = Mutex(State())
  let pruning = Mutex(false)
  /// Directories of volumes that are being made or removed and are not, or no longer, known by name.
  let temporaries = NamesInUse()

  init(paths: Paths, store: ContainerStore, events: EventBus) {
    self.paths = paths
    self.store = store
    self.events = events
  }

  /// Ordered by name.
  var all: [Entry] { state.withLock { Array($0.entries.values) }.sorted { $0.record.name < $1.record.name } }

  func entry(_ name: String) -> Entry? { state.withLock { $0.entries[name] } }

  /// Throws `notFound` in Docker's words.
  func find(_ name: String) throws(HullError) -> Entry {
    guard let entry = entry(name) else { throw HullError(.notFound, "get \(name): no such volume") }
    return entry
  }

  func directory(_ name: String) -> VolumeDirectory { VolumeDirectory(paths.volume(name)) }

  func put(_ entry: Entry) { state.withLock { $0.entries[entry.record.name] = entry } }

  /// `nil` when there is none.
  @discardableResult
  func change<Result: Sendable>(_ name: String, _ body: @Sendable (inout Entry) -> Result) -> Result? {
    state.withLock { state in
      guard var entry = state.entries[name] else { return nil }
      defer { state.entries[name] = entry }
      return body(&entry)
    }
  }

  /// Takes a volume out unless somebody uses it; gives those who do.
  func take(_ name: String) -> (entry: Entry?, users: [String]) {
    state.withLock { state in
      guard let entry = state.entries[name] else { return (nil, []) }
      let users = entry.users.union(entry.mounters).sorted()
      if users.isEmpty { state.entries[name] = nil }
      return (entry, users)
    }
  }

  /// Holds the locks of these volumes. A volume needs not exist to be locked.
  func withLock<Result: Sendable>(_ names: [String], _ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
    guard let first = names.min() else { return try await body() }
    let lock = state.withLock { state in
      let lock = state.locks[first] ?? AsyncLock()
      state.locks[first] = lock
      return lock
    }
    let rest = names.filter { $0 != first }
    return try await lock.withLock { try await self.withLock(rest, body) }
  }

  /// The container uses the volume from now on. `false`: there is no such volume.
  func use(_ name: String, by container: String) -> Bool { change(name) { _ = $0.users.insert(container) } != nil }

  /// The container is gone.
  func release(_ names: some Sequence<String>, by container: String) {
    for name in names { change(name) { _ = $0.users.remove(container) } }
  }

  func event(_ action: String, _ name: String, _ more: [String: String] = [:]) {
    events.publish("volume", action, id: name, attributes: ["driver": volumeDriver].merging(more) { _, new in new })
  }
}

/// The one volume driver.
let volumeDriver = "local"
