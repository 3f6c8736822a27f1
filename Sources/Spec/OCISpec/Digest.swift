// SPDX-License-Identifier: Apache-2.0
import Errors

/// A content address: `sha256:` and 64 lower-case hexadecimal digits (OCI image specification, descriptor, digests).
///
/// Other registered algorithms are read (`sha512`), so that an error can name them, but Hull stores only sha256.
package struct Digest: Sendable, Hashable, CustomStringConvertible {
  /// `sha256` or `sha512`.
  package let algorithm: String
  /// Lower-case hexadecimal digits; safe as a file name.
  package let hex: String

  /// Reads `algorithm:hex`. Throws `invalidArgument` with the wording of Docker's digest package.
  package init(_ text: String) throws(HullError) {
    guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
      throw HullError(.invalidArgument, "invalid checksum digest format")
    }
    let algorithm = String(text[..<colon])
    let hex = String(text[text.utf8.index(after: colon)...])
    let length: Int
    switch algorithm {
    case "sha256": length = 64
    case "sha512": length = 128
    default: throw HullError(.invalidArgument, "unsupported digest algorithm")
    }
    guard hex.utf8.allSatisfy(Digest.isHexDigit) else { throw HullError(.invalidArgument, "invalid checksum digest format") }
    guard hex.utf8.count == length else { throw HullError(.invalidArgument, "invalid checksum digest length") }
    self.algorithm = algorithm
    self.hex = hex
  }

  /// From the 32 bytes of a SHA-256 sum.
  package init(sha256 bytes: some Collection<UInt8>) {
    precondition(bytes.count == 32, "a SHA-256 sum has 32 bytes")
    algorithm = "sha256"
    hex = Digest.hexadecimal(bytes)
  }

  /// `sha256:…`
  package var description: String { "\(algorithm):\(hex)" }

  /// The first twelve digits, as tables show them.
  package var short: String { String(hex.prefix(12)) }

  /// Lower-case hexadecimal digits of `bytes`.
  package static func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// `0` to `9` and `a` to `f`.
  package static func isHexDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}

extension Digest: Comparable {
  package static func < (left: Digest, right: Digest) -> Bool { left.description < right.description }
}

extension Digest: Codable {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    do throws(HullError) {
      try self.init(text)
    } catch {
      throw HullError(.invalidArgument, "invalid digest \(quoted(text))", cause: error)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
