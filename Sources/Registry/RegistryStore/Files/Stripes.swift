// SPDX-License-Identifier: Apache-2.0
import Errors
import Synchronization

/// Locks for things that have names, a fixed number of them: two names may share one, which costs time and never correctness.
///
/// Order, so that nobody waits in a circle: one of repositories first, then one of blobs; never two of a kind.
final class Stripes: Sendable {
  final class Stripe: Sendable {
    fileprivate let lock = Mutex(())
    /// Grows whenever something under this lock has changed.
    let generation = Atomic<Int>(0)
  }

  private let stripes: [Stripe]

  init(_ count: Int) { stripes = (0..<count).map { _ in Stripe() } }

  func stripe(of name: some Hashable) -> Stripe { stripes[Int(UInt(bitPattern: name.hashValue) % UInt(stripes.count))] }

  func withLock<Result: Sendable>(_ name: some Hashable, _ body: () throws(HullError) -> Result) throws(HullError) -> Result {
    try stripe(of: name).lock.withLock { (_) throws(HullError) in try body() }
  }

  /// The same for a change: what was read before is told apart from what is read after it.
  func change<Result: Sendable>(_ name: some Hashable, _ body: () throws(HullError) -> Result) throws(HullError) -> Result {
    let stripe = stripe(of: name)
    return try stripe.lock.withLock { (_) throws(HullError) in
      defer { stripe.generation.add(1, ordering: .sequentiallyConsistent) }
      return try body()
    }
  }
}
