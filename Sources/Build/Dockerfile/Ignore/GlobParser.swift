// SPDX-License-Identifier: Apache-2.0
import Errors

/// Reads patterns with the syntax of Go's `filepath.Match`, and `**` where it is asked for.
struct GlobParser {
  private let scalars: [UInt32]
  private var position = 0
  private var tokens: [Glob.Token] = []

  /// - Throws: `.invalidArgument` where `filepath.Match` has a syntax error.
  static func tokens(_ pattern: String, allowsDoubleStar: Bool) throws(HullError) -> [Glob.Token] {
    var parser = GlobParser(scalars: pattern.unicodeScalars.map(\.value))
    while let scalar = parser.take() {
      guard let token = try parser.token(scalar, allowsDoubleStar: allowsDoubleStar) else {
        throw HullError(.invalidArgument, "syntax error in pattern \(pattern.quoted)")
      }
      // Stars in a row mean no more than one.
      if token == .run, parser.tokens.last == .run { continue }
      parser.tokens.append(token)
    }
    return parser.tokens
  }

  private init(scalars: [UInt32]) { self.scalars = scalars }

  private var next: UInt32? { position < scalars.count ? scalars[position] : nil }

  private mutating func take() -> UInt32? {
    guard position < scalars.count else { return nil }
    position += 1
    return scalars[position - 1]
  }

  /// - Returns: `nil` for a syntax error.
  private mutating func token(_ scalar: UInt32, allowsDoubleStar: Bool) throws(HullError) -> Glob.Token? {
    switch scalar {
    case 0x2a:
      guard allowsDoubleStar, next == 0x2a else { return .run }
      position += 1
      if next == 0x2f { position += 1 }
      return next == nil ? .rest : .directories
    case 0x3f: return .one
    case 0x5b: return set().map { .set($0) }
    case 0x5c: return take().map { .scalar($0) }
    default: return .scalar(scalar)
    }
  }

  private mutating func set() -> ScalarSet? {
    var set = ScalarSet()
    if next == 0x5e {
      set.isNegated = true
      position += 1
    }
    while next != 0x5d || set.ranges.isEmpty {
      guard let low = member() else { return nil }
      var high = low
      if next == 0x2d {
        position += 1
        guard let end = member() else { return nil }
        high = end
      }
      // A range that runs backwards has no members.
      set.ranges.append(low <= high ? low...high : 0x11_0000...0x11_0000)
    }
    position += 1
    return set
  }

  private mutating func member() -> UInt32? {
    guard let scalar = take(), scalar != 0x2d, scalar != 0x5d else { return nil }
    return scalar == 0x5c ? take() : scalar
  }
}
