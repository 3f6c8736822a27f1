// SPDX-License-Identifier: Apache-2.0

/// Domain names as text: labels joined by dots, without one at the end; the root is the empty text.
package enum DomainName {
  private static let dot = UInt8(ascii: ".")
  private static let backslash = UInt8(ascii: "\\")

  /// Adds a label to a text. A dot inside the label gets a backslash before it (RFC 1035, section 5.1), so that it is not taken for a border.
  static func append(_ label: UnsafeRawBufferPointer, to text: inout [UInt8]) {
    if !text.isEmpty { text.append(dot) }
    for byte in label {
      if byte == dot || byte == backslash { text.append(backslash) }
      text.append(byte)
    }
  }

  /// The text in a message's form: labels with their lengths before them; `nil` when a label is empty or has more than 63 bytes, or all have more
  /// than 255.
  static func wire(_ text: some Collection<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count + 2)
    for label in text.split(separator: dot, omittingEmptySubsequences: false) {
      guard (1...DNSLimit.label).contains(label.count) else { return nil }
      bytes.append(UInt8(label.count))
      bytes += label
    }
    bytes.append(0)
    return bytes.count <= DNSLimit.name ? bytes : nil
  }

  /// Equal without regard to the case of ASCII letters (RFC 4343).
  package static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left[index] != right[index] {
      guard lowercased(left[index]) == lowercased(right[index]) else { return false }
    }
    return true
  }

  static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
