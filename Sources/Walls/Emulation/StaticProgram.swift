// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// Programs as files of 64-bit ELF (ELF specification, file and program headers). Blocking.
enum StaticProgram {
  private static let interpreterHeader: UInt64 = 3

  /// Whether a file is a program that runs without libraries of its surroundings: it names no interpreter.
  static func isAt(_ path: String) -> Bool {
    guard access(path, X_OK) == 0, let file = try? Files.open(path, O_RDONLY), let head = read(64, from: file.number, at: 0),
      head.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2])
    else { return false }
    let isBigEndian = head[5] == 2
    func number(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> UInt64 {
      let part = bytes[offset..<(offset + size)]
      return (isBigEndian ? Array(part) : part.reversed()).reduce(0) { $0 << 8 | UInt64($1) }
    }
    let (start, size, count) = (number(head, 32, 8), Int(number(head, 54, 2)), Int(number(head, 56, 2)))
    guard size >= 4, start < 1 << 32, let headers = read(size * count, from: file.number, at: Int(start)) else { return false }
    return !(0..<count).contains { number(headers, $0 * size, 4) == interpreterHeader }
  }

  private static func read(_ count: Int, from file: Int32, at offset: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, count, off_t(offset)) } == count ? bytes : nil
  }
}
