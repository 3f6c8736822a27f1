// SPDX-License-Identifier: Apache-2.0

/// One member of an archive (POSIX.1-2001 ustar and pax).
struct TarEntry: Equatable {
  enum Kind: UInt8 {
    case file = 0x30
    case hardLink = 0x31
    case symbolicLink = 0x32
    case characterDevice = 0x33
    case blockDevice = 0x34
    case directory = 0x35
    case fifo = 0x36
  }

  var name: String
  var kind: Kind
  /// Permission bits with set-ID and sticky.
  var mode: UInt32
  var uid: UInt32 = 0
  var gid: UInt32 = 0
  var size: Int = 0
  /// Seconds since 1970.
  var modified: Int = 0
  var link = ""
  var major: UInt32 = 0
  var minor: UInt32 = 0
}

/// Headers as bytes.
enum TarFormat {
  static let block = 512

  /// A header, with a pax header before it where ustar has no room. The same entry always gives the same bytes.
  static func header(_ entry: TarEntry) -> [UInt8] {
    var records: [UInt8] = []
    func record(_ key: String, _ value: String) {
      let body = Array(" \(key)=\(value)\n".utf8)
      var length = body.count + 1
      while String(length).utf8.count + body.count != length { length = String(length).utf8.count + body.count }
      records += Array(String(length).utf8) + body
    }
    if entry.name.utf8.count > 100 || !entry.name.utf8.allSatisfy({ $0 < 0x80 }) { record("path", entry.name) }
    if entry.link.utf8.count > 100 || !entry.link.utf8.allSatisfy({ $0 < 0x80 }) { record("linkpath", entry.link) }
    if entry.size >= 1 << 33 { record("size", String(entry.size)) }
    if entry.uid >= 1 << 21 { record("uid", String(entry.uid)) }
    if entry.gid >= 1 << 21 { record("gid", String(entry.gid)) }
    if entry.modified < 0 || entry.modified >= 1 << 33 { record("mtime", String(entry.modified)) }
    let plain = ustar(entry, type: entry.kind.rawValue)
    guard !records.isEmpty else { return plain }
    var extended = TarEntry(name: "PaxHeaders.0/" + String(Paths.split(entry.name).name.prefix(60)), kind: .file, mode: 0o644)
    extended.size = records.count
    return ustar(extended, type: UInt8(ascii: "x")) + records + padding(records.count) + plain
  }

  /// Zeros up to the next block.
  static func padding(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: (block - count % block) % block) }

  /// Two empty blocks.
  static let end = [UInt8](repeating: 0, count: 2 * block)

  private static func ustar(_ entry: TarEntry, type: UInt8) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: block)
    func put(_ text: some Sequence<UInt8>, at offset: Int, _ room: Int) {
      for (index, byte) in text.prefix(room).enumerated() { bytes[offset + index] = byte }
    }
    func octal(_ value: Int, at offset: Int, _ room: Int) {
      let digits = String(max(0, min(value, 1 << (3 * (room - 1)) - 1)), radix: 8)
      put((String(repeating: "0", count: max(0, room - 1 - digits.count)) + digits).utf8, at: offset, room - 1)
    }
    put(entry.name.utf8, at: 0, 100)
    octal(Int(entry.mode), at: 100, 8)
    octal(Int(entry.uid), at: 108, 8)
    octal(Int(entry.gid), at: 116, 8)
    octal(entry.size, at: 124, 12)
    octal(entry.modified, at: 136, 12)
    put([UInt8](repeating: 0x20, count: 8), at: 148, 8)
    bytes[156] = type
    put(entry.link.utf8, at: 157, 100)
    put("ustar\u{0}00".utf8, at: 257, 8)
    octal(Int(entry.major), at: 329, 8)
    octal(Int(entry.minor), at: 337, 8)
    let sum = bytes.reduce(0) { $0 + Int($1) }
    let digits = String(sum, radix: 8)
    put((String(repeating: "0", count: 6 - digits.count) + digits + "\u{0} ").utf8, at: 148, 8)
    return bytes
  }
}
