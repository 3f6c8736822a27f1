// SPDX-License-Identifier: Apache-2.0

/// An expanded text, and the words it falls into.
struct WordCollector {
  private(set) var text: [Unicode.Scalar] = []
  private(set) var words: [String] = []
  private var word = String.UnicodeScalarView()
  private var isInWord = false

  /// A character of the source: a blank ends a word.
  mutating func add(_ scalar: Unicode.Scalar) {
    text.append(scalar)
    split(scalar)
  }

  /// An escaped character: never a separator.
  mutating func add(literal scalar: Unicode.Scalar) {
    text.append(scalar)
    word.append(scalar)
    isInWord = true
  }

  /// A quoted text: it is part of one word, blanks and all.
  mutating func add(whole scalars: [Unicode.Scalar]) {
    text += scalars
    word.append(contentsOf: scalars)
    isInWord = true
  }

  /// A variable's value: its blanks end words.
  mutating func add(splitting scalars: [Unicode.Scalar]) {
    text += scalars
    for scalar in scalars { split(scalar) }
  }

  mutating func finish() {
    if !word.isEmpty { words.append(String(word)) }
    word = String.UnicodeScalarView()
  }

  private mutating func split(_ scalar: Unicode.Scalar) {
    guard scalar.isBlank else {
      word.append(scalar)
      isInWord = true
      return
    }
    guard isInWord, !word.isEmpty else { return }
    words.append(String(word))
    word = String.UnicodeScalarView()
    isInWord = false
  }
}
