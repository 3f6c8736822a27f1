// SPDX-License-Identifier: Apache-2.0
import Archive
import Synchronization

/// What a client sent: a directory of its own, and what was wanted of it.
package struct ContextKey: Sendable, Hashable {
  package var directory: String
  package var selection: ContextSelection

  /// - Parameter directory: names the client's directory among those that this daemon knows.
  package init(directory: String, _ selection: ContextSelection = ContextSelection()) {
    (self.directory, self.selection) = (directory, selection)
  }
}

/// The contexts that clients built from last: what they need not send again. Large ones and old ones are let go.
package final class ContextStore: Sendable {
  private struct Entry {
    var tree: SyncedTree
    let name: String
    /// Nanoseconds since 1970.
    let created: Int64
    var used: Int64
    var uses: Int
    /// Among all uses.
    var number: Int
  }

  private struct State {
    /// The one that was used last is last.
    var order: [ContextKey] = []
    var entries: [ContextKey: Entry] = [:]
    var uses = 0

    mutating func remove(_ key: ContextKey) {
      entries[key] = nil
      order.removeAll { $0 == key }
    }
  }

  private static let mostContexts = 8
  /// Of all contexts: some 30 MB of memory. One alone may have more.
  private static let (mostFiles, mostFilesOfOne) = (150_000, 600_000)
  private let state = Mutex(State())
  private let patience: Duration

  /// - Parameter patience: how long a context is kept that nobody builds from.
  package init(patience: Duration = .seconds(30 * 60)) { self.patience = patience }

  /// The tree of a key; otherwise the largest of the same directory, which may have some of the files.
  func tree(_ key: ContextKey) -> SyncedTree? {
    state.withLock { state in
      if let tree = state.entries[key]?.tree { return tree }
      return state.entries.filter { $0.key.directory == key.directory }.values.map(\.tree).max { $0.count < $1.count }
    }
  }

  /// - Parameter name: the context's, for people.
  func keep(_ tree: SyncedTree, as key: ContextKey, _ name: String = "context") {
    let now = BuildClock.now()
    let number = state.withLock { state in
      state.uses += 1
      let known = state.entries[key]
      state.order.removeAll { $0 == key }
      state.order.append(key)
      state.entries[key] = Entry(
        tree: tree, name: name, created: known?.created ?? now, used: now, uses: (known?.uses ?? 0) + 1, number: state.uses)
      while let first = state.order.first, Self.isTooMuch(state.entries) { state.remove(first) }
      return state.uses
    }
    Task { [weak self, patience] in
      try? await Task.sleep(for: patience)
      self?.forget(key, usedLast: number)
    }
  }

  /// Forgets everything: the disk is wanted for something else.
  package func removeAll() {
    state.withLock { state in (state.order, state.entries) = ([], [:]) }
  }

  private static func isTooMuch(_ entries: [ContextKey: Entry]) -> Bool {
    let files = entries.values.reduce(0) { $0 + $1.tree.count }
    return entries.count > mostContexts || files > (entries.count > 1 ? mostFiles : mostFilesOfOne)
  }

  private func forget(_ key: ContextKey, usedLast number: Int) {
    state.withLock { state in
      if state.entries[key]?.number == number { state.remove(key) }
    }
  }

  // MARK: As a part of the cache

  /// What is kept, as lines of the build cache.
  func records() -> [CacheRecord] {
    state.withLock { state in
      var records: [CacheRecord] = []
      for key in state.order {
        // Taken out for a moment: then a tree that no build has is known by one name alone.
        guard var entry = state.entries.removeValue(forKey: key) else { continue }
        var record = CacheRecord(
          id: Self.id(of: key), kind: .localSource, description: "local source for \(entry.name)", size: entry.tree.bytes, created: entry.created,
          used: entry.used, uses: entry.uses)
        record.inUse = !isKnownUniquelyReferenced(&entry.tree)
        state.entries[key] = entry
        records.append(record)
      }
      return records
    }
  }

  /// Forgets one. `false`: there is none of that ID.
  func remove(_ id: String) -> Bool {
    state.withLock { state in
      guard let key = state.entries.keys.first(where: { Self.id(of: $0) == id }) else { return false }
      state.remove(key)
      return true
    }
  }

  private static func id(of key: ContextKey) -> String { SHA256.digest(of: "\(key.directory)\u{0}\(key.selection)").hex }
}
