// SPDX-License-Identifier: Apache-2.0
import Errors

/// A pattern for paths, compiled. Matching takes time in proportion to the path times the pattern, whatever they are, and allocates nothing.
struct Glob: Sendable, Hashable {
  enum Token: Sendable, Hashable {
    case scalar(UInt32)
    /// `?`: one character, not a slash.
    case one
    /// `[a-z]`
    case set(ScalarSet)
    /// `*`: any number of characters, no slash.
    case run
    /// `**/`: any number of directories, also none.
    case directories
    /// `**` at the end: everything.
    case rest
  }

  /// A token that holds no references, so that matching counts none.
  private struct Step: Sendable, Hashable {
    enum Kind: UInt8, Sendable, Hashable { case scalar, one, set, run, directories, rest }
    let kind: Kind
    /// The scalar, or which of the sets.
    let value: UInt32
    /// May stand for nothing.
    var isOptional: Bool { kind.rawValue >= Kind.run.rawValue }
  }

  private let steps: [Step]
  private let sets: [ScalarSet]
  /// Every match begins and ends with these bytes: most paths need no more than that.
  private let head: [UInt8]
  private let tail: [UInt8]

  init(_ tokens: [Token]) {
    var sets: [ScalarSet] = []
    steps = tokens.map { token in
      switch token {
      case .scalar(let scalar): return Step(kind: .scalar, value: scalar)
      case .one: return Step(kind: .one, value: 0)
      case .set(let set):
        sets.append(set)
        return Step(kind: .set, value: UInt32(sets.count - 1))
      case .run: return Step(kind: .run, value: 0)
      case .directories: return Step(kind: .directories, value: 0)
      case .rest: return Step(kind: .rest, value: 0)
      }
    }
    self.sets = sets
    head = Glob.literal(tokens)
    tail = Glob.literalTail(tokens)
  }

  private static func literal(_ tokens: some Sequence<Token>) -> [UInt8] {
    var text = String.UnicodeScalarView()
    for token in tokens {
      guard case .scalar(let value) = token, value != 0xfffd, let scalar = Unicode.Scalar(value) else { break }
      text.append(scalar)
    }
    return Array(String(text).utf8)
  }

  private static func literalTail(_ tokens: [Token]) -> [UInt8] {
    let count = tokens.reversed().prefix { token in if case .scalar(let value) = token { value != 0xfffd } else { false } }.count
    return literal(tokens.suffix(count))
  }

  /// Whether the whole path matches.
  func matches(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
    guard path.hasPrefix(head), path.hasSuffix(tail) else { return false }
    return run(path, .whole)
  }

  /// Whether the path or one of the directories that it lies in matches.
  func matchesOrParentMatches(_ path: UnsafeBufferPointer<UInt8>) -> Bool { path.hasPrefix(head) && run(path, .alsoParents) }

  /// Whether something below a directory could match.
  func mayMatchBelow(_ directory: UnsafeBufferPointer<UInt8>) -> Bool {
    let known = min(head.count, directory.count)
    guard directory.prefix(known).elementsEqual(head.prefix(known)) else { return false }
    return run(directory, .below)
  }

  private enum Question { case whole, alsoParents, below }

  /// Follows all ways of matching at once. A step has two places: before it, and, for `**/`, somewhere within what it stands for.
  private func run(_ path: UnsafeBufferPointer<UInt8>, _ question: Question) -> Bool {
    let count = 2 * (steps.count + 1)
    return steps.withUnsafeBufferPointer { steps in
      withUnsafeTemporaryAllocation(of: Bool.self, capacity: 2 * count) { places in
        places.initialize(repeating: false)
        var now = UnsafeMutableBufferPointer(rebasing: places[..<count])
        var following = UnsafeMutableBufferPointer(rebasing: places[count...])
        Glob.enter(0, now, steps)
        var position = 0
        while position < path.count {
          if question == .alsoParents, now[2 * steps.count], path[position] == 0x2f, position > 0 { return true }
          guard step(path.scalar(at: &position), now, following, steps) else { return false }
          swap(&now, &following)
        }
        return question == .below ? step(0x2f, now, following, steps) : now[2 * steps.count]
      }
    }
  }

  /// - Returns: whether any way is left.
  private func step(
    _ scalar: UInt32, _ now: UnsafeMutableBufferPointer<Bool>, _ following: UnsafeMutableBufferPointer<Bool>, _ steps: UnsafeBufferPointer<Step>
  ) -> Bool {
    following.update(repeating: false)
    var isAlive = false
    for index in steps.indices where now[2 * index] || now[2 * index + 1] {
      let isTaken: Bool
      switch steps[index].kind {
      case .scalar: isTaken = steps[index].value == scalar
      case .one, .run: isTaken = scalar != 0x2f
      case .set: isTaken = sets[Int(steps[index].value)].contains(scalar)
      case .rest, .directories: isTaken = scalar != 0x0a
      }
      guard isTaken else { continue }
      isAlive = true
      switch steps[index].kind {
      case .scalar, .one, .set: Glob.enter(index + 1, following, steps)
      case .run, .rest: Glob.enter(index, following, steps)
      case .directories:
        following[2 * index + 1] = true
        if scalar == 0x2f { Glob.enter(index + 1, following, steps) }
      }
    }
    return isAlive
  }

  /// What may stand for nothing is passed at once.
  private static func enter(_ index: Int, _ places: UnsafeMutableBufferPointer<Bool>, _ steps: UnsafeBufferPointer<Step>) {
    var index = index
    while !places[2 * index] {
      places[2 * index] = true
      guard index < steps.count, steps[index].isOptional else { return }
      index += 1
    }
  }
}

/// A character class.
struct ScalarSet: Sendable, Hashable {
  var ranges: [ClosedRange<UInt32>] = []
  var isNegated = false

  func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } != isNegated }
}

extension UnsafeBufferPointer<UInt8> {
  func hasPrefix(_ bytes: [UInt8]) -> Bool { has(bytes, endingAt: bytes.count) }

  func hasSuffix(_ bytes: [UInt8]) -> Bool { has(bytes, endingAt: count) }

  /// Whether bytes stand right before a place. The last one differs most often: it is looked at first.
  func has(_ bytes: [UInt8], endingAt end: Int) -> Bool {
    guard bytes.count <= end, end <= count else { return false }
    var index = bytes.count
    while index > 0 {
      index -= 1
      guard bytes[index] == self[end - bytes.count + index] else { return false }
    }
    return true
  }

  /// The character at a place, which moves behind it; what is no UTF-8 counts as U+FFFD, byte by byte.
  func scalar(at position: inout Int) -> UInt32 {
    let first = self[position]
    guard first >= 0x80 else {
      position += 1
      return UInt32(first)
    }
    let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
    guard first >= 0xc2, first < 0xf5, position + length <= count else {
      position += 1
      return 0xfffd
    }
    var value = UInt32(first) & (0x7f >> UInt32(length))
    for offset in 1..<length {
      guard self[position + offset] & 0xc0 == 0x80 else {
        position += 1
        return 0xfffd
      }
      value = value << 6 | UInt32(self[position + offset] & 0x3f)
    }
    position += length
    return value
  }
}
