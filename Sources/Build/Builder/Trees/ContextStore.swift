// SPDX-License-Identifier: Apache-2.0
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
  private struct State {
    /// The one that was used last is last.
    var order: [ContextKey] = []
    var trees: [ContextKey: (tree: SyncedTree, use: Int)] = [:]
    var uses = 0
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
      if let tree = state.trees[key]?.tree { return tree }
      return state.trees.filter { $0.key.directory == key.directory }.values.map { $0.tree }.max { $0.count < $1.count }
    }
  }

  func keep(_ tree: SyncedTree, as key: ContextKey) {
    let use = state.withLock { state in
      state.uses += 1
      state.order.removeAll { $0 == key }
      state.order.append(key)
      state.trees[key] = (tree, state.uses)
      while let first = state.order.first, Self.isTooMuch(state.trees) {
        state.order.removeFirst()
        state.trees[first] = nil
      }
      return state.uses
    }
    Task { [weak self, patience] in
      try? await Task.sleep(for: patience)
      self?.forget(key, usedLast: use)
    }
  }

  /// Forgets everything: the disk is wanted for something else.
  package func removeAll() {
    state.withLock { state in (state.order, state.trees) = ([], [:]) }
  }

  private static func isTooMuch(_ trees: [ContextKey: (tree: SyncedTree, use: Int)]) -> Bool {
    let files = trees.values.reduce(0) { $0 + $1.tree.count }
    return trees.count > mostContexts || files > (trees.count > 1 ? mostFiles : mostFilesOfOne)
  }

  private func forget(_ key: ContextKey, usedLast use: Int) {
    state.withLock { state in
      guard state.trees[key]?.use == use else { return }
      state.trees[key] = nil
      state.order.removeAll { $0 == key }
    }
  }
}
