// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Which results were taken for the sake of names, and which names did not hold: a step that was done after all need not give again what a cache says.
///
/// Both in one image would be parts of two different builds.
final class NameAgreement: Sendable {
  private struct State {
    /// Found by names of inputs whose files were not here.
    var taken: [ObjectIdentifier: Step] = [:]
    /// Gave something else than their names said.
    var changed: Set<ObjectIdentifier> = []
  }

  private let state = Mutex(State())

  func took(_ step: Step) { state.withLock { $0.taken[ObjectIdentifier(step)] = step } }

  /// A step has come from what is here.
  /// - Parameter earlier: what was known of it before; `nil`: nothing.
  func made(_ step: Step, _ value: StepValue, earlier: StepValue?, byNames: Bool) {
    state.withLock { state in
      if !byNames { state.taken[ObjectIdentifier(step)] = nil }
      if case .fileSystem(let old)? = earlier, case .fileSystem(let new) = value, old.chain != new.chain {
        state.changed.insert(ObjectIdentifier(step))
      }
    }
  }

  /// Once nothing is under way: steps whose names did not hold though others were taken for their sake; empty: all is of one piece.
  func broken() -> Set<ObjectIdentifier> {
    state.withLock { state in
      let changed = state.changed
      let isBroken = state.taken.values.contains { step in step.inputs.contains { changed.contains(ObjectIdentifier($0)) } }
      return isBroken ? changed : []
    }
  }

  /// Steps are looked for anew, and names that did not hold are no names any more.
  func forget(_ steps: Set<ObjectIdentifier>) {
    state.withLock { state in
      state.changed = []
      for step in steps { state.taken[step] = nil }
    }
  }
}
