// SPDX-License-Identifier: Apache-2.0

/// Base 64 (RFC 4648), in the alphabet of `auth` members and in the one of the header `X-Registry-Auth`.
enum Base64 {
  private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let forURLs = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// With padding, in the standard alphabet or in the one for URLs and file names.
  static func encoded(_ bytes: some Collection<UInt8>, forURL: Bool = false) -> String {
    let alphabet = forURL ? forURLs : standard
    var text: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let group = rest.prefix(3)
      rest = rest.dropFirst(3)
      let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for place in 0..<4 { text.append(place <= group.count ? alphabet[value >> (18 - 6 * place) & 63] : UInt8(ascii: "=")) }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of text in either alphabet; characters that are in none are left out.
  static func decode(_ text: String) -> [UInt8] {
    var out: [UInt8] = []
    var (bits, count) = (0, 0)
    for byte in text.utf8 {
      let value: Int
      switch byte {
      case 0x41...0x5A: value = Int(byte) - 0x41
      case 0x61...0x7A: value = Int(byte) - 0x61 + 26
      case 0x30...0x39: value = Int(byte) - 0x30 + 52
      case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
      case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
      default: continue
      }
      bits = (bits << 6 | value) & 0xFFFFFF
      count += 6
      if count >= 8 {
        count -= 8
        out.append(UInt8(bits >> count & 0xFF))
      }
    }
    return out
  }
}
