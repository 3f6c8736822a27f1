// SPDX-License-Identifier: Apache-2.0

/// 64 random hexadecimal digits; the first twelve are not all decimal, so that a short ID is never taken for a number.
func randomIdentifier() -> String {
  var generator = SystemRandomNumberGenerator()
  let digits = Array("0123456789abcdef".utf8)
  while true {
    let text = (0..<4).flatMap { _ in
      var word: UInt64 = generator.next()
      return (0..<16).map { _ in
        defer { word >>= 4 }
        return digits[Int(word & 15)]
      }
    }
    if text.prefix(12).contains(where: { $0 > UInt8(ascii: "9") }) { return String(decoding: text, as: UTF8.self) }
  }
}
