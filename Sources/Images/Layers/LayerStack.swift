// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// The layers of one image while they are unpacked at the same time: which are there, for those above that have to look into them.
package final class LayerStack: Sendable {
  private struct State {
    var done: Set<Digest> = []
    var failure: HullError?
  }

  private let store: LayerStore
  private let chains: [Digest]
  private let state = Monitor(State())

  /// - Parameter chains: chain IDs, lowest first.
  package init(_ chains: [Digest], in store: LayerStore) {
    self.store = store
    self.chains = chains
  }

  /// A layer is there.
  package func add(_ info: LayerInfo) { state.with { _ = $0.done.insert(info.chain) } }

  /// Not all will be there: who waits for them hears why.
  package func fail(_ error: HullError) { state.with { $0.failure = $0.failure ?? error } }

  /// The layers below the one at `index`; `nil` for the lowest.
  package func below(_ index: Int) -> LowerStack? {
    let lower = chains[..<index]
    guard !lower.isEmpty else { return nil }
    return LowerStack { [self] () throws(HullError) in
      let outcome: Result<Void, HullError> = state.wait { state in
        if let failure = state.failure { return .failure(failure) }
        return lower.allSatisfy(state.done.contains) ? .success(()) : nil
      }
      try outcome.get()
      return lower.reversed().map(store.path(of:))
    }
  }
}
