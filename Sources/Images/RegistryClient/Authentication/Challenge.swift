// SPDX-License-Identifier: Apache-2.0

/// One way in that a `WWW-Authenticate` header offers (RFC 9110, section 11).
struct Challenge: Sendable, Hashable {
  /// In lower case: `bearer`, `basic`.
  let scheme: String
  /// By name in lower case.
  let parameters: [String: String]

  /// Reads all challenges of all headers; what cannot be read is left out. Linear in the input's length.
  static func parse(_ headers: [String]) -> [Challenge] {
    headers.prefix(16).flatMap { header in
      var parser = ChallengeParser(Array(header.utf8.prefix(16 << 10)))
      return parser.challenges()
    }
  }
}

/// Walks over one header's bytes.
private struct ChallengeParser {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func challenges() -> [Challenge] {
    var found: [Challenge] = []
    var scheme: String?
    var parameters: [String: String] = [:]
    func finished() -> [Challenge] { scheme.map { [Challenge(scheme: $0, parameters: parameters)] } ?? [] }
    while let name = token() {
      skip(" \t")
      if take("=") {
        // The first of a name counts: what comes later cannot take its place.
        parameters[name] = parameters[name] ?? value()
      } else {
        found += finished()
        (scheme, parameters) = (name, [:])
      }
      skip(" \t,")
    }
    return found + finished()
  }

  /// A token in lower case; `nil` at the end or at what is none.
  private mutating func token() -> String? {
    skip(" \t,")
    let start = position
    while position < bytes.count, ChallengeParser.isTokenByte(bytes[position]) { position += 1 }
    return start == position ? nil : String(decoding: bytes[start..<position], as: UTF8.self).lowercased()
  }

  private mutating func value() -> String {
    skip(" \t")
    guard take("\"") else {
      let start = position
      while position < bytes.count, !" \t,".utf8.contains(bytes[position]) { position += 1 }
      return String(decoding: bytes[start..<position], as: UTF8.self)
    }
    var text: [UInt8] = []
    while position < bytes.count, !take("\"") {
      if take("\\"), position == bytes.count { break }
      text.append(bytes[position])
      position += 1
    }
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func take(_ character: Character) -> Bool {
    guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
    position += 1
    return true
  }

  private mutating func skip(_ characters: String) {
    while position < bytes.count, characters.utf8.contains(bytes[position]) { position += 1 }
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7f && !"=,\"\\()<>@;:?{}[]".utf8.contains(byte)
  }
}
