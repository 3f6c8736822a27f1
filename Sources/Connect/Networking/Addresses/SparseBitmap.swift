// SPDX-License-Identifier: Apache-2.0

/// A set of numbers that finds its smallest gap: 64 numbers to a word, and above each level of words one that marks the full ones.
///
/// Every operation touches at most 22 words, however many numbers there are; memory grows with the words that are not empty.
struct SparseBitmap: Sendable {
  private struct Place: Hashable {
    let level: Int
    let index: UInt128
  }

  private static let levels = 22
  private var words: [Place: UInt64] = [:]

  func contains(_ number: UInt128) -> Bool { word(0, number >> 6) & Self.bit(number) != 0 }

  /// `false` when it was in already.
  mutating func insert(_ number: UInt128) -> Bool {
    if contains(number) { return false }
    var number = number
    for level in 0..<Self.levels {
      let place = Place(level: level, index: number >> 6)
      let full = words[place, default: 0] | Self.bit(number)
      words[place] = full
      if full != .max { break }
      number >>= 6
    }
    return true
  }

  /// `false` when it was not in.
  mutating func remove(_ number: UInt128) -> Bool {
    guard contains(number) else { return false }
    var number = number
    for level in 0..<Self.levels {
      let place = Place(level: level, index: number >> 6)
      let before = words[place, default: 0]
      let after = before & ~Self.bit(number)
      words[place] = after == 0 ? nil : after
      // Only a full word is marked above.
      if before != .max { break }
      number >>= 6
    }
    return true
  }

  /// The smallest number in `range` that is not in the set.
  func firstGap(in range: ClosedRange<UInt128>) -> UInt128? {
    var number = range.lowerBound
    for level in 0..<Self.levels {
      let free = ~word(level, number >> 6) & (.max << UInt64(number & 63))
      if free != 0 {
        let gap = descend((number & ~63) | UInt128(free.trailingZeroBitCount), from: level)
        return gap.flatMap { range.contains($0) ? $0 : nil }
      }
      number = (number >> 6) + 1
    }
    return nil
  }

  /// The smallest gap below bit `number` of a level; `nil` when it would be beyond 128 bits.
  private func descend(_ number: UInt128, from level: Int) -> UInt128? {
    guard level == 0 || number >> UInt128(128 - 6 * level) == 0 else { return nil }
    return (0..<level).reversed().reduce(number) { number, level in
      number << 6 | UInt128((~word(level, number)).trailingZeroBitCount)
    }
  }

  private func word(_ level: Int, _ index: UInt128) -> UInt64 { words[Place(level: level, index: index), default: 0] }
  private static func bit(_ number: UInt128) -> UInt64 { 1 << UInt64(number & 63) }
}
