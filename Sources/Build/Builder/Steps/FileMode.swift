// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// `--chmod`: octal digits, or symbolic as chmod(1) takes them (`u+x,go-w`).
struct FileMode: Sendable {
  private enum Form: Sendable {
    case octal(UInt32)
    case symbolic([Clause])
  }

  private struct Clause: Sendable {
    var who: UInt32
    var operation: Character
    var letters: Set<Character>
  }

  private let form: Form

  init(_ text: String) throws(HullError) {
    if let mode = UInt32(text, radix: 8), mode <= 0o7777 {
      form = .octal(mode)
      return
    }
    var clauses: [Clause] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) { clauses.append(try FileMode.clause(part, text)) }
    form = .symbolic(clauses)
  }

  /// The mode that was given in digits.
  var octal: UInt32? {
    guard case .octal(let mode) = form else { return nil }
    return mode
  }

  func apply(to mode: UInt32, isDirectory: Bool) -> UInt32 {
    switch form {
    case .octal(let mode): return mode
    case .symbolic(let clauses):
      var mode = mode
      for clause in clauses { FileMode.apply(clause, &mode, isDirectory) }
      return mode
    }
  }

  private static func apply(_ clause: Clause, _ mode: inout UInt32, _ isDirectory: Bool) {
    var bits: UInt32 = 0
    if clause.letters.contains("r") { bits |= 0o444 }
    if clause.letters.contains("w") { bits |= 0o222 }
    if clause.letters.contains("x") || (clause.letters.contains("X") && (isDirectory || mode & 0o111 != 0)) { bits |= 0o111 }
    bits &= clause.who
    if clause.letters.contains("s") { bits |= (clause.who & 0o700 != 0 ? 0o4000 : 0) | (clause.who & 0o070 != 0 ? 0o2000 : 0) }
    if clause.letters.contains("t") { bits |= 0o1000 }
    switch clause.operation {
    case "+": mode |= bits
    case "-": mode &= ~bits
    default: mode = mode & ~clause.who & 0o7777 | bits
    }
  }

  private static func clause(_ part: Substring, _ text: String) throws(HullError) -> Clause {
    let who = part.prefix { "ugoa".contains($0) }
    let rest = part.dropFirst(who.count)
    guard let operation = rest.first, "+-=".contains(operation), rest.dropFirst().allSatisfy({ "rwxXst".contains($0) }) else {
      throw HullError(.invalidArgument, "invalid chmod parameter: '\(text)'. it should be octal string and between 0 and 07777, or like u+x,go-w")
    }
    var mask: UInt32 = 0
    for letter in who.isEmpty ? "a" : who {
      switch letter {
      case "u": mask |= 0o700
      case "g": mask |= 0o070
      case "o": mask |= 0o007
      default: mask |= 0o777
      }
    }
    return Clause(who: mask, operation: operation, letters: Set(rest.dropFirst()))
  }
}
