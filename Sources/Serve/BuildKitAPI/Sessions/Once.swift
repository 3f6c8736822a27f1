// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Threads

/// A value that is made by whoever needs it first; others wait for it. An error is kept, too.
final class Once<Value: Sendable>: Sendable {
  private let promise = Promise<Value>()
  private let begun = Atomic(false)

  func value(_ make: () async throws -> Value) async throws -> Value {
    if begun.exchange(true, ordering: .acquiringAndReleasing) == false {
      do { promise.fulfil(.success(try await make())) } catch { promise.fulfil(.failure(error)) }
    }
    return try await promise.value()
  }
}
