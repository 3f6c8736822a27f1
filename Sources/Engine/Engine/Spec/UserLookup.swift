// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Finds the numbers behind Docker's `USER[:GROUP]` in a container's own files. Blocking.
struct UserLookup {
  private let passwd: [[Substring]]
  private let group: [[Substring]]

  /// Reads the files of a container that need not run.
  init(lower: [String], upper: String, work: String) throws(HullError) {
    let root = try step("cannot look into the container's root") { () throws(SystemError) in
      try UnionMount.detached(lower: lower, upper: upper, work: work)
    }
    self.init(root: root.number)
  }

  /// Reads the files below a directory that is taken for the root.
  init(root: Int32) { self.init(passwd: UserLookup.read("/etc/passwd", root), group: UserLookup.read("/etc/group", root)) }

  init(passwd: String, group: String) {
    self.passwd = UserLookup.records(passwd)
    self.group = UserLookup.records(group)
  }

  /// Throws `invalidArgument` in Docker's words for a name that is not there.
  func user(_ text: String, groups: [String] = []) throws(HullError) -> RuntimeSpec.User {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = parts.first ?? ""
    let entry = passwd.first { $0.count >= 4 && ($0[0] == name || $0[2] == (name.isEmpty ? "0" : name)) }
    guard let uid = entry.flatMap({ UInt32($0[2]) }) ?? (name.isEmpty ? 0 : UInt32(name)) else {
      throw HullError(.invalidArgument, "unable to find user \(name): no matching entries in passwd file")
    }
    var user = RuntimeSpec.User(uid: uid, gid: entry.flatMap { UInt32($0[3]) } ?? 0)
    var additional: [UInt32] = []
    if parts.count > 1, !parts[1].isEmpty {
      user.gid = try gid(parts[1])
    } else if let login = entry?[0] {
      additional = group.compactMap { $0.count >= 4 && $0[3].split(separator: ",").contains(login) ? UInt32($0[2]) : nil }
    }
    for name in groups { additional.append(try gid(name)) }
    user.additionalGids = additional.isEmpty ? nil : additional
    return user
  }

  private func gid(_ name: String) throws(HullError) -> UInt32 {
    if let entry = group.first(where: { $0.count >= 3 && ($0[0] == name || $0[2] == name) }), let gid = UInt32(entry[2]) { return gid }
    if let gid = UInt32(name) { return gid }
    throw HullError(.invalidArgument, "unable to find group \(name): no matching entries in group file")
  }

  private static func records(_ text: String) -> [[Substring]] {
    text.split(separator: "\n").map { $0.split(separator: ":", omittingEmptySubsequences: false) }
  }

  private static func read(_ path: String, _ root: Int32) -> String {
    guard let file = try? InRoot.open(root, path, O_RDONLY | O_NONBLOCK), let bytes = try? Files.readAll(file.number, limit: 16 << 20) else {
      return ""
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
