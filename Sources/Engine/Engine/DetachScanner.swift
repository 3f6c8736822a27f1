// SPDX-License-Identifier: Apache-2.0
import Errors

/// Finds a key sequence in a stream of input and holds back the bytes that could be its beginning.
package struct DetachScanner: Sendable, Equatable {
  /// Docker's default: ctrl-p, ctrl-q.
  package static let standard: [UInt8] = [16, 17]

  private let keys: [UInt8]
  private var matched = 0

  package init?(keys: [UInt8]) {
    guard !keys.isEmpty else { return nil }
    self.keys = keys
  }

  /// Feeds input. Gives what is to be passed on, and whether the sequence was completed (what follows it is dropped).
  package mutating func feed(_ input: some Sequence<UInt8>) -> (pass: [UInt8], detached: Bool) {
    var pass: [UInt8] = []
    for byte in input {
      if byte == keys[matched] {
        matched += 1
        if matched == keys.count {
          matched = 0
          return (pass, true)
        }
      } else {
        pass.append(contentsOf: keys[..<matched])
        matched = byte == keys[0] ? 1 : 0
        if matched == 0 { pass.append(byte) } else if keys.count == 1 { return (pass, true) }
      }
    }
    return (pass, false)
  }

  /// Parses `ctrl-p,ctrl-q` or `a,b`. An empty text is the default. Throws `invalidArgument` in Docker's words.
  package static func parse(_ text: String?) throws(HullError) -> [UInt8] {
    guard let text, !text.isEmpty else { return standard }
    var keys: [UInt8] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      if part.utf8.count == 1 {
        keys.append(part.utf8.first!)
      } else if part.hasPrefix("ctrl-"), part.utf8.count == 6, let key = control(part.utf8.last!) {
        keys.append(key)
      } else {
        throw HullError(.invalidArgument, "invalid detach keys (\(text)) provided: unknown character: '\(part)'")
      }
    }
    return keys
  }

  private static func control(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 1
    case UInt8(ascii: "@"): 0
    case UInt8(ascii: "["): 27
    case UInt8(ascii: "\\"): 28
    case UInt8(ascii: "]"): 29
    case UInt8(ascii: "^"): 30
    case UInt8(ascii: "_"): 31
    default: nil
    }
  }
}
