// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A bounded cache: what was used lately stays. When the younger half is full it becomes the older, and what was in that goes.
final class TwoGenerations<Value: Sendable>: Sendable {
  private struct State {
    var young: [String: Value] = [:]
    var old: [String: Value] = [:]
    var weight = 0
  }

  private let capacity: Int
  private let state = Mutex(State())

  /// - Parameter capacity: the sum of the weights that are kept at most.
  init(capacity: Int) { self.capacity = capacity / 2 }

  /// - Parameter weight: what this value weighs when it is kept on.
  func find(_ key: String, weight: (Value) -> Int = { _ in 1 }) -> Value? {
    state.withLock { state in
      if let value = state.young[key] { return value }
      guard let value = state.old.removeValue(forKey: key) else { return nil }
      insert(value, key, weight(value), &state)
      return value
    }
  }

  func insert(_ value: Value, for key: String, weight: Int = 1) {
    state.withLock { insert(value, key, weight, &$0) }
  }

  func remove(_ key: String) {
    state.withLock { state in
      state.young[key] = nil
      state.old[key] = nil
    }
  }

  private func insert(_ value: Value, _ key: String, _ weight: Int, _ state: inout State) {
    guard weight <= capacity else { return }
    if state.weight + weight > capacity {
      state.old = state.young
      state.young = [:]
      state.weight = 0
    }
    if state.young.updateValue(value, forKey: key) == nil { state.weight += weight }
  }
}
