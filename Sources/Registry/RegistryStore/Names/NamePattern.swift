// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// A pattern over names of repositories or tags: `*` is any text without a slash, `**` any text, everything else itself.
package struct NamePattern: Sendable, Hashable, CustomStringConvertible {
  private enum Part: Sendable, Hashable {
    case text([UInt8])
    case within
    case anything
  }

  package let description: String
  private let parts: [Part]

  /// Throws `invalidArgument` for a pattern that is empty or absurdly long.
  package init(_ text: String) throws(HullError) {
    guard !text.isEmpty, text.utf8.count <= 512, text.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= 16 else {
      throw HullError(.invalidArgument, "invalid pattern \(quoted(text)): use a name with '*' for any text without a slash, '**' for any text")
    }
    description = text
    var parts: [Part] = []
    for byte in text.utf8 {
      switch (byte, parts.last) {
      case (UInt8(ascii: "*"), .within): parts[parts.count - 1] = .anything
      case (UInt8(ascii: "*"), .anything): break
      case (UInt8(ascii: "*"), _): parts.append(.within)
      case (_, .text(let bytes)): parts[parts.count - 1] = .text(bytes + [byte])
      default: parts.append(.text([byte]))
      }
    }
    self.parts = parts
  }

  package func matches(_ name: some CustomStringConvertible) -> Bool { matches(Array(name.description.utf8)[...], parts[...]) }

  private func matches(_ name: ArraySlice<UInt8>, _ parts: ArraySlice<Part>) -> Bool {
    guard let part = parts.first else { return name.isEmpty }
    let rest = parts.dropFirst()
    if case .text(let text) = part { return name.starts(with: text) && matches(name.dropFirst(text.count), rest) }
    // A last star takes everything that it may.
    var left = name
    while true {
      if matches(left, rest) { return true }
      guard let byte = left.first, part == .anything || byte != UInt8(ascii: "/") else { return false }
      left = left.dropFirst()
    }
  }
}
