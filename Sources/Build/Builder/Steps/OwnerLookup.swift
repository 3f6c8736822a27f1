// SPDX-License-Identifier: Apache-2.0
import Errors
import LinuxSystem
import OCISpec

/// Finds the numbers behind `--chown` and `USER` in a file system's own files.
struct OwnerLookup {
  private let tree: any FileTree

  init(_ tree: any FileTree) { self.tree = tree }

  /// `user[:group]`, by name or number. Without a group: the user's own, or the user's number.
  func owner(_ text: String) throws(HullError) -> (uid: UInt32, gid: UInt32) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = parts.first ?? ""
    guard name != "" else { return (0, parts.count > 1 ? try group(parts[1]) : 0) }
    let (uid, own) = try user(name)
    return (uid, parts.count > 1 && !parts[1].isEmpty ? try group(parts[1]) : own)
  }

  private func user(_ name: String) throws(HullError) -> (UInt32, UInt32) {
    if let number = UInt32(name) { return (number, number) }
    let record = try file("/etc/passwd").first { $0.count >= 4 && $0[0] == name && UInt32($0[2]) != nil && UInt32($0[3]) != nil }
    guard let record, let uid = UInt32(record[2]), let gid = UInt32(record[3]) else { throw missing("uid", "user", name) }
    return (uid, gid)
  }

  private func group(_ name: String) throws(HullError) -> UInt32 {
    if let number = UInt32(name) { return number }
    let record = try file("/etc/group").first { $0.count >= 3 && $0[0] == name && UInt32($0[2]) != nil }
    guard let gid = record.flatMap({ UInt32($0[2]) }) else { throw missing("gid", "group", name) }
    return gid
  }

  private func missing(_ number: String, _ kind: String, _ name: String) -> HullError {
    HullError(
      .invalidArgument, "unable to convert uid/gid chown string to host mapping: can't find \(number) for \(kind) \(name): no such \(kind): \(name)")
  }

  private func file(_ path: String) throws(HullError) -> AccountFile {
    let place = try TreePaths.resolve(path, in: tree)
    guard try tree.node(place)?.kind == .regular else { return AccountFile(bytes: []) }
    var bytes: [UInt8] = []
    try tree.read(place) { (chunk) throws(HullError) in
      guard bytes.count + chunk.count <= AccountFile.largest else { throw HullError(.tooLarge, "\(path) in the image is larger than 16 MiB") }
      bytes += chunk
    }
    return AccountFile(bytes: bytes)
  }
}
