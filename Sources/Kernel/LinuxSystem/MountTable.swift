// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// One line of `/proc/PID/mountinfo` (proc(5)).
package struct MountTableEntry: Sendable, Equatable {
  /// The directory of the file system that is mounted.
  package let root: String
  package let mountPoint: String
  /// How it spreads: `shared:N`, `master:N`, `propagate_from:N`, `unbindable`; none: private.
  package let spreads: [String]
  package let type: String
  package let source: String
  package let superOptions: [String]

  /// Reads one line; `nil` when it is not one.
  package init?(line: some StringProtocol) {
    let fields: [Substring] = Substring(line).split(separator: " ")
    guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 4 else { return nil }
    root = Self.unescape(fields[3])
    mountPoint = Self.unescape(fields[4])
    spreads = fields[6..<dash].map(String.init)
    type = String(fields[dash + 1])
    source = Self.unescape(fields[dash + 2])
    superOptions = fields[dash + 3].split(separator: ",").map(String.init)
  }

  /// The mounts that a process sees.
  package static func all(process: String = "self") throws(SystemError) -> [MountTableEntry] {
    let bytes = try Files.read("/proc/\(process)/mountinfo", limit: 64 << 20)
    return bytes.split(separator: 0x0a).compactMap { MountTableEntry(line: String(decoding: $0, as: UTF8.self)) }
  }

  /// Spaces and the like are written as three octal digits after a backslash.
  private static func unescape(_ field: some StringProtocol) -> String {
    guard field.utf8.contains(0x5c) else { return String(field) }
    var result: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == 0x5c, digits.count == 3, digits.allSatisfy({ (0x30...0x37).contains($0) }) {
        result.append(UInt8(truncatingIfNeeded: digits.reduce(0) { $0 * 8 + Int($1 - 0x30) }))
        rest = rest.dropFirst(3)
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
