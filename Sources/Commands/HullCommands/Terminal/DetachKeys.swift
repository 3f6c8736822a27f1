// SPDX-License-Identifier: Apache-2.0
import Errors

/// The keys that leave a container running and end the client: `ctrl-p,ctrl-q` unless the user says otherwise.
struct DetachKeys {
  static let standard: [UInt8] = [0x10, 0x11]

  private let keys: [UInt8]
  private var matched = 0

  init(_ keys: [UInt8]) { self.keys = keys }

  /// `a`, `ctrl-a` … `ctrl-z`, `ctrl-@ [ \ ] ^ _`, `DEL`, parted by commas; the empty text means the standard keys.
  static func parse(_ text: String) throws(HullError) -> [UInt8] {
    if text.isEmpty { return standard }
    var keys: [UInt8] = []
    for key in Text.split(text, ",") {
      if key.utf8.count == 1, let byte = key.utf8.first {
        keys.append(byte)
      } else if key == "DEL" {
        keys.append(127)
      } else if key.hasPrefix("ctrl-"), key.utf8.count == 6, let last = key.lowercased().utf8.last,
        (0x61...0x7A).contains(last) || [0x40, 0x5B, 0x5C, 0x5D, 0x5E, 0x5F].contains(last)
      {
        keys.append(last & 0x1F)
      } else {
        throw HullError(.invalidArgument, "invalid detach keys (\(text)): unknown character: '\(key)'")
      }
    }
    return keys
  }

  /// What may be sent on of the input: a begun sequence is held back until it is finished (`nil`: detach) or broken.
  mutating func filter(_ input: [UInt8]) -> [UInt8]? {
    guard !keys.isEmpty else { return input }
    var out: [UInt8] = []
    for byte in input {
      if byte == keys[matched] {
        matched += 1
        if matched == keys.count { return nil }
        continue
      }
      out += keys[..<matched]
      matched = byte == keys[0] ? 1 : 0
      if matched == 0 { out.append(byte) } else if keys.count == 1 { return nil }
    }
    return out
  }
}
