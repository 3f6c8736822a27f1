// SPDX-License-Identifier: Apache-2.0
import Errors
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
    for record in try records("/etc/passwd") where record.count >= 4 && record[0] == name {
      if let uid = UInt32(record[2]), let gid = UInt32(record[3]) { return (uid, gid) }
    }
    throw HullError(
      .invalidArgument, "unable to convert uid/gid chown string to host mapping: can't find uid for user \(name): no such user: \(name)")
  }

  private func group(_ name: String) throws(HullError) -> UInt32 {
    if let number = UInt32(name) { return number }
    for record in try records("/etc/group") where record.count >= 3 && record[0] == name {
      if let gid = UInt32(record[2]) { return gid }
    }
    throw HullError(
      .invalidArgument, "unable to convert uid/gid chown string to host mapping: can't find gid for group \(name): no such group: \(name)")
  }

  private func records(_ path: String) throws(HullError) -> [[Substring]] {
    let place = try TreePaths.resolve(path, in: tree)
    guard try tree.node(place)?.kind == .regular else { return [] }
    var bytes: [UInt8] = []
    try tree.read(place) { (chunk) throws(HullError) in
      guard bytes.count + chunk.count <= 16 << 20 else { throw HullError(.tooLarge, "\(path) in the image is larger than 16 MiB") }
      bytes += chunk
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { $0.split(separator: ":", omittingEmptySubsequences: false) }
  }
}
