// SPDX-License-Identifier: Apache-2.0
import Errors

/// A pattern in a substitution (Shell Command Language, 2.13) without bracket expressions: `?` is a character, `*` any number of them, and neither is a
/// newline. Matching takes time in proportion to the text times the pattern, whatever they are.
struct ShellPattern {
  private enum Token: Equatable {
    case scalar(Unicode.Scalar)
    case any, star
  }

  private let tokens: [Token]

  /// - Throws: `.invalidArgument` when something is escaped that needs no escape.
  init(_ pattern: [Unicode.Scalar]) throws(HullError) {
    var tokens: [Token] = []
    var position = 0
    while position < pattern.count {
      let scalar = pattern[position]
      position += 1
      switch scalar {
      case "*": tokens.append(.star)
      case "?": tokens.append(.any)
      case "\\":
        let escaped = position < pattern.count ? pattern[position] : nil
        guard let escaped, "*?\\}/".unicodeScalars.contains(escaped) else {
          let text = escaped.map { String([$0]) } ?? ""
          throw HullError(.invalidArgument, "invalid pattern (\(String(pattern))) in substitution: invalid escape '\\\(text)'")
        }
        tokens.append(.scalar(escaped))
        position += 1
      default: tokens.append(.scalar(scalar))
      }
    }
    self.tokens = tokens
  }

  private init(tokens: [Token]) { self.tokens = tokens }

  func withoutPrefix(_ text: [Unicode.Scalar], longest: Bool) -> [Unicode.Scalar] {
    guard let match = firstMatch(in: text, from: 0, anchored: true, longest: longest) else { return text }
    return Array(text[match.upperBound...])
  }

  func withoutSuffix(_ text: [Unicode.Scalar], longest: Bool) -> [Unicode.Scalar] {
    ShellPattern(tokens: tokens.reversed()).withoutPrefix(text.reversed(), longest: longest).reversed()
  }

  func replacing(in text: [Unicode.Scalar], with replacement: [Unicode.Scalar], all: Bool) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    var copied = 0
    var position = 0
    while position <= text.count, let match = firstMatch(in: text, from: position, anchored: false, longest: true) {
      // An empty match right behind another one is none.
      if match.isEmpty, match.lowerBound == copied, copied > 0 {
        position += 1
        continue
      }
      result += text[copied..<match.lowerBound]
      result += replacement
      copied = match.upperBound
      position = match.isEmpty ? copied + 1 : copied
      if !all { break }
    }
    if copied < text.count { result += text[copied...] }
    return result
  }

  /// Nothing leads to a token.
  private static let nowhere = Int.max

  /// Runs all ways of matching at once: for each token that may come next, the earliest start that leads there.
  private func firstMatch(in text: [Unicode.Scalar], from start: Int, anchored: Bool, longest: Bool) -> Range<Int>? {
    var starts = [Int](repeating: ShellPattern.nowhere, count: tokens.count + 1)
    var following = starts
    var found: Range<Int>?
    var position = start
    var isAlive = true
    while true {
      if found == nil, !anchored || position == start { enter(0, position, &starts) }
      let begin = starts[tokens.count]
      if begin != ShellPattern.nowhere, begin <= found?.lowerBound ?? begin {
        found = begin..<position
        if !longest { return found }
      }
      guard position < text.count, isAlive || found == nil && !anchored else { return found }
      isAlive = step(text[position], starts, &following, notAfter: found?.lowerBound ?? ShellPattern.nowhere - 1)
      swap(&starts, &following)
      position += 1
    }
  }

  /// - Returns: whether any way is left.
  private func step(_ scalar: Unicode.Scalar, _ starts: [Int], _ following: inout [Int], notAfter limit: Int) -> Bool {
    for index in following.indices { following[index] = ShellPattern.nowhere }
    var isAlive = false
    for index in tokens.indices where starts[index] <= limit {
      switch tokens[index] {
      case .scalar(let wanted):
        guard wanted == scalar else { continue }
        enter(index + 1, starts[index], &following)
      case .any:
        guard scalar != "\n" else { continue }
        enter(index + 1, starts[index], &following)
      case .star:
        guard scalar != "\n" else { continue }
        enter(index, starts[index], &following)
      }
      isAlive = true
    }
    return isAlive
  }

  /// A star may match nothing: what follows it is possible at once.
  private func enter(_ index: Int, _ begin: Int, _ starts: inout [Int]) {
    var index = index
    while begin < starts[index] {
      starts[index] = begin
      guard index < tokens.count, tokens[index] == .star else { return }
      index += 1
    }
  }
}
