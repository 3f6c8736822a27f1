// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc

/// What a network knows about its endpoints' names: one text that a writer replaces as a whole and readers search as it is.
///
///     zone     = header *endpoint
///     header   = "hull-zone 1 " NETWORK LF
///     endpoint = ADDRESS *("," ADDRESS) 1*(" " NAME) LF
///
/// Addresses stand as RFC 5952 writes them. The first name is the endpoint's own: the address's name is `NAME.NETWORK`. Several endpoints may
/// share a name: it has all their addresses. Names and network are compared without regard to the case of ASCII letters. Lines that are not of
/// this form tell nothing.
package struct Zone: Sendable {
  /// The longest text that is read, in bytes: about ten thousand endpoints.
  package static let sizeLimit = 1 << 20
  /// One name's most addresses; more fit into no message.
  static let addressLimit = 4096
  static let headerStart = "hull-zone 1 "

  /// The network's name.
  package let network: [UInt8]
  private let text: [UInt8]
  /// Where the first endpoint's line begins.
  private let start: Int

  /// Takes a text over; `nil` when it is no zone or too long.
  package init?(_ text: [UInt8]) {
    guard text.count <= Zone.sizeLimit, text.starts(with: Zone.headerStart.utf8), let end = text.firstIndex(of: ZoneLine.end) else { return nil }
    network = Array(text[Zone.headerStart.utf8.count..<end])
    guard !network.isEmpty else { return nil }
    start = end + 1
    self.text = text
  }

  /// The addresses of a name in this network, in the text's order; none when it has no address of the type that is asked for; `nil` when there is
  /// no such name. `name` is without the network's.
  package func addresses(of name: UnsafeRawBufferPointer, type: DNSType) -> [IPAddress]? {
    guard name.count > 0 else { return nil }
    var found: [IPAddress]?
    forEachLine { line in
      guard line.hasName(name) else { return true }
      found = found ?? []
      line.appendAddresses(type, to: &found!)
      return found!.count < Zone.addressLimit
    }
    return found
  }

  /// The name of an address, the network's included: `web.front`; `nil` when no endpoint has it.
  package func name(of address: IPAddress) -> [UInt8]? {
    var address = address.description
    return address.withUTF8 { text in
      var found: [UInt8]?
      forEachLine { line in
        if line.hasAddress(UnsafeRawBufferPointer(text)) { found = Array(line.firstName) + [UInt8(ascii: ".")] + network }
        return found == nil
      }
      return found
    }
  }

  /// A name that ends in the network's without that end: `web` for `web.front`; `nil` for any other.
  package func relative(_ name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    let dot = name.count - network.count - 1
    guard dot > 0, name[dot] == UInt8(ascii: ".") else { return nil }
    let end = UnsafeRawBufferPointer(rebasing: name[(dot + 1)...])
    return network.withUnsafeBytes({ DomainName.equal($0, end) }) ? UnsafeRawBufferPointer(rebasing: name[..<dot]) : nil
  }

  /// Until `body` gives `false`.
  private func forEachLine(_ body: (ZoneLine) -> Bool) {
    text.withUnsafeBytes { text in
      var position = start
      while let line = ZoneLine(text, at: &position), body(line) {}
    }
  }
}
