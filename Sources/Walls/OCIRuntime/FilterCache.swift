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

  /// - Parameter filter: `linux.seccomp` of a configuration.
  func program(_ filter: JSONValue) throws(HullError) -> Seccomp.Program {
    let key = Array("\(Program.version) \(Seccomp.libraryVersion)\n".utf8) + filter.text()
    let path = directory + "/" + Self.hash(key)
    if let program = read(path, key: key) { return program }
    let program = try Seccomp.program(try RuntimeJSON.decode(RuntimeSpec.Seccomp.self, from: filter))
    // A cache that cannot be written only costs time.
    if !program.code.isEmpty { try? write(path, key: key, program) }
    return program
  }

  private func read(_ path: String, key: [UInt8]) -> Seccomp.Program? {
    guard let bytes = try? Files.read(path, limit: 4 << 20), bytes.starts(with: Self.length(key) + key) else { return nil }
    return try? Seccomp.Program(bytes: bytes.dropFirst(8 + key.count))
  }

  private func write(_ path: String, key: [UInt8], _ program: Seccomp.Program) throws(HullError) {
    try system { () throws(SystemError) in try Files.makeDirectories(directory, mode: 0o700) }
    if let names = try? StateFiles.names(in: directory), names.count >= Self.limit {
      for name in names { unlink(directory + "/" + name) }
    }
    try StateFiles.replace(path, with: Self.length(key) + key + program.bytes)
  }

  private static func length(_ key: [UInt8]) -> [UInt8] { withUnsafeBytes(of: UInt64(key.count).littleEndian) { Array($0) } }

  /// FNV-1a.
  private static func hash(_ bytes: [UInt8]) -> String {
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }
}

/// A program in a file: its flags, then its instructions.
extension Seccomp.Program {
  var bytes: [UInt8] { withUnsafeBytes(of: flags.littleEndian) { Array($0) } + code }

  init(bytes: ArraySlice<UInt8>) throws(HullError) {
    guard bytes.count > 4, bytes.count % 8 == 4 else { throw HullError(.internalError, "a stored seccomp program is truncated") }
    self.init(code: Array(bytes.dropFirst(4)), flags: bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) })
  }
}
