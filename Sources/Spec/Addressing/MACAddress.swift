// SPDX-License-Identifier: Apache-2.0

/// The address of an Ethernet interface: six bytes.
package struct MACAddress: Hashable, Sendable, CustomStringConvertible {
  package let bytes: [UInt8]

  /// `bytes` must be six.
  package init(bytes: [UInt8]) {
    precondition(bytes.count == 6)
    self.bytes = bytes
  }

  /// Reads `02:42:ac:11:00:02`, also with dashes; `nil` for anything else.
  package init?(_ text: String) {
    let parts = text.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == "-" }
    guard parts.count == 6 else { return nil }
    let bytes = parts.compactMap { $0.utf8.count == 2 && $0.first != "+" && $0.first != "-" ? UInt8($0, radix: 16) : nil }
    guard bytes.count == 6 else { return nil }
    self.init(bytes: bytes)
  }

  /// The address that Docker gives to an interface with this IPv4 address: `02:42` and its four bytes. Unique in a network as the address is.
  package init(for address: IPAddress) {
    self.init(bytes: [0x02, 0x42] + address.bytes.suffix(4))
  }

  package var description: String {
    bytes.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined(separator: ":")
  }
}
