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

  private let tokens: [Token]
  /// Every match begins and ends with these bytes: most paths need no more than that.
  private let head: [UInt8]
  private let tail: [UInt8]

  init(_ tokens: [Token]) {
    self.tokens = tokens
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
    return run(path, isDirectory: false)
  }

  /// Whether something below a directory could match.
  func mayMatchBelow(_ directory: UnsafeBufferPointer<UInt8>) -> Bool {
    let known = min(head.count, directory.count)
    guard directory.prefix(known).elementsEqual(head.prefix(known)) else { return false }
    return run(directory, isDirectory: true)
  }

  /// Follows all ways of matching at once. A token's place, and for `**/` a second one: somewhere within what it stands for.
  private func run(_ path: UnsafeBufferPointer<UInt8>, isDirectory: Bool) -> Bool {
    let count = 2 * (tokens.count + 1)
    return withUnsafeTemporaryAllocation(of: Bool.self, capacity: 2 * count) { places in
      places.initialize(repeating: false)
      var now = UnsafeMutableBufferPointer(rebasing: places[..<count])
      var following = UnsafeMutableBufferPointer(rebasing: places[count...])
      enter(0, now)
      var position = 0
      while position < path.count {
        guard step(path.scalar(at: &position), now, following) else { return false }
        swap(&now, &following)
      }
      return isDirectory ? step(0x2f, now, following) : now[2 * tokens.count]
    }
  }

  /// - Returns: whether any way is left.
  private func step(_ scalar: UInt32, _ now: UnsafeMutableBufferPointer<Bool>, _ following: UnsafeMutableBufferPointer<Bool>) -> Bool {
    following.update(repeating: false)
    var isAlive = false
    for index in tokens.indices where now[2 * index] || now[2 * index + 1] {
      switch tokens[index] {
      case .scalar(let wanted): if wanted == scalar { isAlive = enter(index + 1, following) }
      case .one: if scalar != 0x2f { isAlive = enter(index + 1, following) }
      case .set(let set): if set.contains(scalar) { isAlive = enter(index + 1, following) }
      case .run: if scalar != 0x2f { isAlive = enter(index, following) }
      case .rest: if scalar != 0x0a { isAlive = enter(index, following) }
      case .directories:
        guard scalar != 0x0a else { continue }
        following[2 * index + 1] = true
        isAlive = true
        if scalar == 0x2f { enter(index + 1, following) }
      }
    }
    return isAlive
  }

  /// What may stand for nothing is passed at once.
  @discardableResult private func enter(_ index: Int, _ places: UnsafeMutableBufferPointer<Bool>) -> Bool {
    var index = index
    while !places[2 * index] {
      places[2 * index] = true
      guard index < tokens.count else { return true }
      switch tokens[index] {
      case .run, .rest, .directories: index += 1
      default: return true
      }
    }
    return true
  }
}

/// A character class.
struct ScalarSet: Sendable, Hashable {
  var ranges: [ClosedRange<UInt32>] = []
  var isNegated = false

  func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } != isNegated }
}

extension UnsafeBufferPointer<UInt8> {
  func hasPrefix(_ bytes: [UInt8]) -> Bool { bytes.count <= count && prefix(bytes.count).elementsEqual(bytes) }

  func hasSuffix(_ bytes: [UInt8]) -> Bool { bytes.count <= count && suffix(bytes.count).elementsEqual(bytes) }

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
