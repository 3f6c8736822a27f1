// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc

/// An endpoint's line in a zone's text, while the text stays where it is.
struct ZoneLine {
  static let end = UInt8(ascii: "\n")
  private static let space = UInt8(ascii: " ")
  private static let comma = UInt8(ascii: ",")

  private let addresses: UnsafeRawBufferPointer
  private let names: UnsafeRawBufferPointer

  /// The line at `position`, which moves behind it. `nil`: the text is at its end.
  init?(_ text: UnsafeRawBufferPointer, at position: inout Int) {
    guard position < text.count else { return nil }
    var line = UnsafeRawBufferPointer(rebasing: text[position...])
    line = UnsafeRawBufferPointer(rebasing: line[..<(line.offset(of: ZoneLine.end) ?? line.count)])
    position += line.count + 1
    let border = line.offset(of: ZoneLine.space) ?? line.count
    addresses = UnsafeRawBufferPointer(rebasing: line[..<border])
    names = UnsafeRawBufferPointer(rebasing: line[min(border + 1, line.count)...])
  }

  var firstName: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: names[..<(names.offset(of: ZoneLine.space) ?? names.count)])
  }

  func hasName(_ name: UnsafeRawBufferPointer) -> Bool {
    names.contains(separator: ZoneLine.space) { DomainName.equal($0, name) }
  }

  func hasAddress(_ address: UnsafeRawBufferPointer) -> Bool {
    names.count > 0 && addresses.contains(separator: ZoneLine.comma) { DomainName.equal($0, address) }
  }

  /// Adds the addresses of one family or, for ANY, of both; none for any other type.
  func appendAddresses(_ type: DNSType, to list: inout [IPAddress]) {
    guard type == .a || type == .aaaa || type == .any else { return }
    _ = addresses.contains(separator: ZoneLine.comma) { text in
      guard let address = IPAddress(String(decoding: text, as: UTF8.self)) else { return false }
      if type == .any || type == (address.family == .v4 ? .a : .aaaa) { list.append(address) }
      return false
    }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func offset(of byte: UInt8) -> Int? {
    guard let baseAddress, let found = memchr(baseAddress, Int32(byte), count) else { return nil }
    return UnsafeRawPointer(found) - baseAddress
  }

  /// Whether a piece between separators satisfies a condition.
  fileprivate func contains(separator: UInt8, where condition: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    var rest = self
    while true {
      let border = rest.offset(of: separator)
      if condition(UnsafeRawBufferPointer(rebasing: rest[..<(border ?? rest.count)])) { return true }
      guard let border else { return false }
      rest = UnsafeRawBufferPointer(rebasing: rest[(border + 1)...])
    }
  }
}
