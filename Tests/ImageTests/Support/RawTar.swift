// SPDX-License-Identifier: Apache-2.0

/// Tar bytes made by hand, so that they can be as wrong as a test needs them.
struct RawTar {
  private(set) var bytes: [UInt8] = []

  /// One entry; `size` may lie about `data`.
  mutating func add(
    _ name: String, type: Character = "0", data: [UInt8] = [], link: String = "", mode: Int = 0o644, uid: Int = 0, gid: Int = 0, size: Int? = nil,
    mtime: Int = 1_000_000_000, device: (Int, Int) = (0, 0), magic: String = "ustar\u{0}00", patch: (inout [UInt8]) -> Void = { _ in }
  ) {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ offset: Int) { for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte } }
    func octal(_ number: Int, _ width: Int, _ offset: Int) {
      let digits = String(number, radix: 8)
      put(String(repeating: "0", count: max(0, width - 1 - digits.count)) + digits, offset)
    }
    put(String(name.prefix(100)), 0)
    octal(mode, 8, 100)
    octal(uid, 8, 108)
    octal(gid, 8, 116)
    octal(size ?? data.count, 12, 124)
    octal(mtime, 12, 136)
    block[156] = type.asciiValue ?? 0
    put(String(link.prefix(100)), 157)
    put(magic, 257)
    octal(device.0, 8, 329)
    octal(device.1, 8, 337)
    patch(&block)
    put("        ", 148)
    octal(block.reduce(0) { $0 + Int($1) }, 7, 148)
    bytes += block + data + [UInt8](repeating: 0, count: -data.count & 511)
  }

  mutating func directory(_ name: String, mode: Int = 0o755) { add(name, type: "5", mode: mode) }
  mutating func file(_ name: String, _ text: String = "x") { add(name, data: Array(text.utf8)) }
  mutating func symlink(_ name: String, _ target: String) { add(name, type: "2", link: target) }
  mutating func hardLink(_ name: String, _ target: String) { add(name, type: "1", link: target) }

  /// pax records for the entry that follows.
  mutating func pax(_ records: [(String, String)]) {
    add("PaxHeaders/x", type: "x", data: records.flatMap { RawTar.record($0.0, Array($0.1.utf8)) })
  }

  static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
    let body = key.utf8.count + value.count + 3
    var length = body + 1
    while String(length).count + body != length { length += 1 }
    return Array("\(length) \(key)=".utf8) + value + [0x0a]
  }

  /// With the two zero blocks.
  var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

  static func make(_ body: (inout RawTar) -> Void) -> [UInt8] {
    var tar = RawTar()
    body(&tar)
    return tar.finished
  }
}
