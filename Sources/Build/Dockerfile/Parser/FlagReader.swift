// SPDX-License-Identifier: Apache-2.0

/// Takes the flags from an instruction's arguments: words that begin with `--`, up to the first other word or a bare `--`.
struct FlagReader {
  private let scalars: [Unicode.Scalar]
  private let escape: Unicode.Scalar
  private var position = 0

  init(_ scalars: [Unicode.Scalar], escape: Unicode.Scalar) {
    self.scalars = scalars
    self.escape = escape
  }

  mutating func read() -> (flags: [String], rest: String) {
    var flags: [String] = []
    while true {
      while position < scalars.count, scalars[position].isBlank { position += 1 }
      guard position + 1 < scalars.count, scalars[position] == "-", scalars[position + 1] == "-" else { break }
      let flag = word()
      if flag == "--" { break }
      flags.append(flag)
    }
    return (flags, String(scalars[position...]).trimmed())
  }

  /// Up to a blank that is neither quoted nor escaped; quotes and escapes go.
  private mutating func word() -> String {
    var word: [Unicode.Scalar] = []
    var quote: Unicode.Scalar?
    while position < scalars.count {
      let scalar = scalars[position]
      if quote == nil, scalar.isBlank { break }
      position += 1
      if scalar == quote {
        quote = nil
      } else if quote == nil, scalar == "'" || scalar == "\"" {
        quote = scalar
      } else if scalar == escape {
        guard position < scalars.count else { break }
        word.append(scalars[position])
        position += 1
      } else {
        word.append(scalar)
      }
    }
    return String(word)
  }
}
