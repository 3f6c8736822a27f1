// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import OCISpec
import Seccomp

/// Compiled seccomp programs, kept beside the containers: compiling takes longer than the rest of a start.
///
/// A file holds the filter it was made from, and counts only when that is the same byte for byte: its name is but a hash.
struct FilterCache: Sendable {
  let directory: String
  private static let limit = 64

  func program(_ filter: RuntimeSpec.Seccomp) throws(HullError) -> Seccomp.Program {
    let flags = try Seccomp.flags(filter)
    let key = Array("\(Program.version) \(Seccomp.libraryVersion)\n".utf8) + (try RuntimeJSON.encode(filter))
    let path = directory + "/" + Self.hash(key)
    if let code = read(path, key: key) { return Seccomp.Program(code: code, flags: flags) }
    let program = try Seccomp.program(filter)
    // A cache that cannot be written only costs time.
    if !program.code.isEmpty { try? write(path, key: key, code: program.code) }
    return program
  }

  private func read(_ path: String, key: [UInt8]) -> [UInt8]? {
    guard let bytes = try? Files.read(path, limit: 4 << 20), bytes.starts(with: Self.length(key) + key) else { return nil }
    let code = Array(bytes.dropFirst(8 + key.count))
    return code.isEmpty || code.count % 8 != 0 ? nil : code
  }

  private func write(_ path: String, key: [UInt8], code: [UInt8]) throws(HullError) {
    try system { () throws(SystemError) in try Files.makeDirectories(directory, mode: 0o700) }
    if let names = try? StateFiles.names(in: directory), names.count >= Self.limit {
      for name in names { unlink(directory + "/" + name) }
    }
    try StateFiles.replace(path, with: Self.length(key) + key + code)
  }

  private static func length(_ key: [UInt8]) -> [UInt8] { withUnsafeBytes(of: UInt64(key.count).littleEndian) { Array($0) } }

  /// FNV-1a.
  private static func hash(_ bytes: [UInt8]) -> String {
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }
}
