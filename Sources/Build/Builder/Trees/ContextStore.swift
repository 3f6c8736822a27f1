// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The contexts that clients built from last: what they need not send again.
package final class ContextStore: Sendable {
  private struct State {
    /// The one that was used last is last.
    var order: [String] = []
    var trees: [String: SyncedTree] = [:]
  }

  private static let mostContexts = 8
  private static let mostFiles = 600_000
  private let state = Mutex(State())

  package init() {}

  func tree(_ key: String) -> SyncedTree? { state.withLock { $0.trees[key] } }

  func keep(_ tree: SyncedTree, as key: String) {
    state.withLock { state in
      state.order.removeAll { $0 == key }
      state.order.append(key)
      state.trees[key] = tree
      while state.order.count > 1,
        state.order.count > Self.mostContexts || state.trees.values.reduce(0, { $0 + $1.count }) > Self.mostFiles
      {
        state.trees[state.order.removeFirst()] = nil
      }
    }
  }

  /// Forgets everything: the disk is wanted for something else.
  package func removeAll() { state.withLock { $0 = State() } }
}
