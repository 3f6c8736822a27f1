// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// What is missing of a blob, in pieces of bounded size, given out in ascending order: a reader behind can follow.
final class SegmentQueue: Sendable {
  private let segments: [Range<Int64>]
  private let next = Atomic<Int>(0)

  /// Cuts what is more than two segments; less is not worth a second connection.
  init(_ missing: [Range<Int64>], segment: Int64) {
    let missing = missing.filter { !$0.isEmpty }
    guard missing.reduce(0, { $0 + Int64($1.count) }) >= 2 * segment else {
      segments = missing
      return
    }
    segments = missing.flatMap { range in
      stride(from: range.lowerBound, to: range.upperBound, by: Int(segment)).map { $0..<min($0 + segment, range.upperBound) }
    }
  }

  var count: Int { segments.count }

  /// The next piece that nobody has taken.
  func take() -> Range<Int64>? {
    let index = next.add(1, ordering: .relaxed).oldValue
    return index < segments.count ? segments[index] : nil
  }
}

/// Where a connection stands: behind the last byte that was written.
final class Cursor: Sendable {
  private let value: Atomic<Int64>

  init(_ position: Int64) { value = Atomic(position) }

  var position: Int64 { value.load(ordering: .relaxed) }

  func move(to position: Int64) { value.store(position, ordering: .relaxed) }
}
