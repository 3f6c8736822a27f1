// SPDX-License-Identifier: Apache-2.0
import Addressing
import DNS

/// A client's message.
struct Question {
  var id: UInt16 = 0x1234
  var type: DNSType
  /// The size in an OPT record.
  var datagramSize: UInt16?
  private let name: String

  init(_ name: String, _ type: DNSType = .a) {
    self.name = name
    self.type = type
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = big(id) + [1, 0, 0, 1, 0, 0, 0, 0, 0, datagramSize == nil ? 0 : 1]
    for label in name.split(separator: ".") { bytes += [UInt8(label.utf8.count)] + label.utf8 }
    bytes += [0] + big(type.rawValue) + [0, 1]
    if let datagramSize { bytes += [0, 0, 41] + big(datagramSize) + [0, 0, 0, 0, 0, 0] }
    return bytes
  }
}

/// An answer, taken apart far enough for these tests.
struct Reply {
  let id: UInt16
  let code: UInt8
  let isTruncated: Bool
  /// Of the answer section: addresses, and names as text.
  private(set) var addresses: [String] = []
  private(set) var names: [String] = []
  let size: Int
  /// How many records stand in the additional section.
  let additionals: Int

  struct Malformed: Error {}

  init(_ bytes: [UInt8]) throws {
    guard bytes.count >= 12, bytes[2] & 0x80 != 0 else { throw Malformed() }
    id = number(bytes, 0)
    code = bytes[3] & 15
    isTruncated = bytes[2] & 2 != 0
    size = bytes.count
    additionals = Int(number(bytes, 10))
    var position = 12
    for _ in 0..<number(bytes, 4) { position = skipName(bytes, position) + 4 }
    for _ in 0..<number(bytes, 6) {
      position = skipName(bytes, position)
      let end = position + 10 + Int(number(bytes, position + 8))
      guard end <= bytes.count else { throw Malformed() }
      take(type: number(bytes, position), Array(bytes[(position + 10)..<end]))
      position = end
    }
  }

  private mutating func take(type: UInt16, _ data: [UInt8]) {
    if let address = IPAddress(bytes: data), type == 1 || type == 28 { addresses.append(address.description) }
    guard type == 12 else { return }
    var labels: [String] = []
    var rest = data[...]
    while let length = rest.popFirst(), length > 0 {
      labels.append(String(decoding: rest.prefix(Int(length)), as: UTF8.self))
      rest = rest.dropFirst(Int(length))
    }
    names.append(labels.joined(separator: "."))
  }
}

func big(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }

func number(_ bytes: [UInt8], _ offset: Int) -> UInt16 { UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1]) }

func skipName(_ bytes: [UInt8], _ start: Int) -> Int {
  var position = start
  while bytes[position] != 0 {
    if bytes[position] >= 0xC0 { return position + 2 }
    position += 1 + Int(bytes[position])
  }
  return position + 1
}

/// A server's answer to a query: the same question, `count` addresses from 198.51.100.1 on.
func answer(_ query: [UInt8], code: UInt8 = 0, count: Int = 1, truncated: Bool = false) -> [UInt8] {
  let question = Array(query[12..<(skipName(query, 12) + 4)])
  var bytes = Array(query.prefix(2)) + [truncated ? 0x83 : 0x81, 0x80 | code, 0, 1] + big(UInt16(count)) + [0, 0, 0, 0] + question
  for index in 0..<count { bytes += [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, UInt8(100 + index / 250), UInt8(1 + index % 250)] }
  return bytes
}
