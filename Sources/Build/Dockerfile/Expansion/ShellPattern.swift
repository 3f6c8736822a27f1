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

  /// Runs all ways of matching at once: for each token that may come next, the earliest start that leads there.
  private func firstMatch(in text: [Unicode.Scalar], from start: Int, anchored: Bool, longest: Bool) -> Range<Int>? {
    var starts = [Int?](repeating: nil, count: tokens.count + 1)
    var found: Range<Int>?
    var position = start
    while true {
      if found == nil, !anchored || position == start { enter(0, position, &starts) }
      if let begin = starts[tokens.count], found == nil || begin <= found!.lowerBound {
        found = begin..<position
        if !longest { return found }
      }
      guard position < text.count else { return found }
      starts = step(text[position], starts, notAfter: found?.lowerBound)
      position += 1
      if starts.allSatisfy({ $0 == nil }), found != nil || anchored { return found }
    }
  }

  private func step(_ scalar: Unicode.Scalar, _ starts: [Int?], notAfter limit: Int?) -> [Int?] {
    var following = [Int?](repeating: nil, count: starts.count)
    for (index, token) in tokens.enumerated() {
      guard let begin = starts[index], begin <= limit ?? begin else { continue }
      switch token {
      case .scalar(let wanted): if wanted == scalar { enter(index + 1, begin, &following) }
      case .any: if scalar != "\n" { enter(index + 1, begin, &following) }
      case .star: if scalar != "\n" { enter(index, begin, &following) }
      }
    }
    return following
  }

  /// A star may match nothing: what follows it is possible at once.
  private func enter(_ index: Int, _ begin: Int, _ starts: inout [Int?]) {
    var index = index
    while true {
      if let known = starts[index], known <= begin { return }
      starts[index] = begin
      guard index < tokens.count, tokens[index] == .star else { return }
      index += 1
    }
  }
}
