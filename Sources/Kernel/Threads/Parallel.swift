// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Synchronization

/// The same work on many things, for callers that block anyway.
package enum Parallel {
  /// Runs `body` for `0..<count` on at most `limit` threads, in ascending order of their beginnings, and gives the results in order.
  /// After a failure nothing more is begun; the first failure is thrown when all that had begun has ended.
  package static func map<Result: Sendable, Failure: Error>(
    _ count: Int, atMost limit: Int, _ body: @escaping @Sendable (Int) throws(Failure) -> Result
  ) throws(Failure) -> [Result] {
    let state = Mutex<(next: Int, results: [Int: Result], failure: Failure?)>((0, [:], nil))
    @Sendable func work() {
      while let index = state.withLock({ state -> Int? in
        guard state.next < count, state.failure == nil else { return nil }
        defer { state.next += 1 }
        return state.next
      }) {
        do throws(Failure) {
          let result = try body(index)
          state.withLock { $0.results[index] = result }
        } catch {
          state.withLock { $0.failure = $0.failure ?? error }
        }
      }
    }
    let group = DispatchGroup()
    for _ in 1..<max(1, min(limit, count)) { Blocking.detach(in: group, work) }
    work()
    group.wait()
    let (results, failure) = state.withLock { ($0.results, $0.failure) }
    if let failure { throw failure }
    return (0..<count).compactMap { results[$0] }
  }
}
