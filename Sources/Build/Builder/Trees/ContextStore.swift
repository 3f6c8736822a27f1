// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The contexts that clients built from last: what they need not send again. Large ones and old ones are let go.
package final class ContextStore: Sendable {
  private struct State {
    /// The one that was used last is last.
    var order: [String] = []
    var trees: [String: (tree: SyncedTree, use: Int)] = [:]
    var uses = 0
  }

  private static let mostContexts = 8
  /// Of all contexts: some 30 MB of memory. One alone may have more.
  private static let (mostFiles, mostFilesOfOne) = (150_000, 600_000)
  private let state = Mutex(State())
  private let patience: Duration

  /// - Parameter patience: how long a context is kept that nobody builds from.
  package init(patience: Duration = .seconds(30 * 60)) { self.patience = patience }

  func tree(_ key: String) -> SyncedTree? { state.withLock { $0.trees[key]?.tree } }

  func keep(_ tree: SyncedTree, as key: String) {
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

  private static func isTooMuch(_ trees: [String: (tree: SyncedTree, use: Int)]) -> Bool {
    let files = trees.values.reduce(0) { $0 + $1.tree.count }
    return trees.count > mostContexts || files > (trees.count > 1 ? mostFiles : mostFilesOfOne)
  }

  private func forget(_ key: String, usedLast use: Int) {
    state.withLock { state in
      guard state.trees[key]?.use == use else { return }
      state.trees[key] = nil
      state.order.removeAll { $0 == key }
    }
  }
}
