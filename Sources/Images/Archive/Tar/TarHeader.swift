// SPDX-License-Identifier: Apache-2.0

/// One 512-byte header block, its fields read but no extension applied yet. Offsets are those of POSIX.1 pax, ustar interchange format.
struct TarHeader {
  static let size = 512

  enum Format { case v7, ustar, star, gnu }

  enum Problem: Error {
    case checksum
    case number(String)
  }

  let format: Format
  let type: UInt8
  var path: [UInt8]
  var link: [UInt8]
  let mode: Int64
  var uid: Int64
  var gid: Int64
  var size: Int64
  let modified: Int64
  let major: Int64
  let minor: Int64

  init(_ block: UnsafeRawBufferPointer) throws(Problem) {
    guard TarHeader.checksumIsRight(block) else { throw .checksum }
    func field(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: block[offset..<offset + count]) }
    func number(_ name: String, _ offset: Int, _ count: Int) throws(Problem) -> Int64 {
      guard let value = TarField.number(field(offset, count)) else { throw .number(name) }
      return value
    }
    format = TarHeader.format(of: block)
    type = block[156]
    path = TarField.text(field(0, 100))
    link = TarField.text(field(157, 100))
    mode = try number("mode", 100, 8)
    uid = try number("owner", 108, 8)
    gid = try number("group", 116, 8)
    size = try number("size", 124, 12)
    modified = try number("time", 136, 12)
    let isDevice = type == UInt8(ascii: "3") || type == UInt8(ascii: "4")
    major = isDevice && format != .v7 ? try number("device major", 329, 8) : 0
    minor = isDevice && format != .v7 ? try number("device minor", 337, 8) : 0
    let prefix =
      switch format {
      case .ustar: TarField.text(field(345, 155))
      case .star: TarField.text(field(345, 131))
      case .v7, .gnu: [UInt8]()
      }
    if !prefix.isEmpty { path = prefix + [UInt8(ascii: "/")] + path }
  }

  static func isZero(_ block: UnsafeRawBufferPointer) -> Bool { block.allSatisfy { $0 == 0 } }

  private static func format(of block: UnsafeRawBufferPointer) -> Format {
    let magic = block[257..<265]
    if magic.elementsEqual(Array("ustar  \0".utf8)) { return .gnu }
    guard magic.prefix(6).elementsEqual(Array("ustar\0".utf8)) else { return .v7 }
    return block[508..<512].elementsEqual(Array("tar\0".utf8)) ? .star : .ustar
  }

  /// The sum of all bytes with the checksum field as spaces; some old writers summed signed bytes.
  private static func checksumIsRight(_ block: UnsafeRawBufferPointer) -> Bool {
    guard let expected = TarField.number(UnsafeRawBufferPointer(rebasing: block[148..<156])) else { return false }
    var unsigned: Int64 = 0
    var signed: Int64 = 0
    for index in 0..<size {
      let byte = (148..<156).contains(index) ? 0x20 : block[index]
      unsigned += Int64(byte)
      signed += Int64(Int8(bitPattern: byte))
    }
    return expected == unsigned || expected == signed
  }
}
