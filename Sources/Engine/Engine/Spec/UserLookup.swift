// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Finds the numbers behind Docker's `USER[:GROUP]` in a container's own files. Blocking.
struct UserLookup {
  private let passwd: AccountFile
  private let group: AccountFile

  /// Reads the files of a container that need not run.
  init(lower: [String], upper: String, work: String) throws(HullError) {
    let root = try step("cannot look into the container's root") { () throws(SystemError) in
      try UnionMount.detached(lower: lower, upper: upper, work: work)
    }
    self.init(root: root.number)
  }

  /// Reads the files below a directory that is taken for the root.
  init(root: Int32) { (passwd, group) = (UserLookup.read("/etc/passwd", root), UserLookup.read("/etc/group", root)) }

  init(passwd: String, group: String) {
    self.passwd = AccountFile(bytes: Array(passwd.utf8))
    self.group = AccountFile(bytes: Array(group.utf8))
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
      additional = group.all { $0.count >= 4 && $0[3].split(separator: ",").contains { $0 == login } }.compactMap { UInt32($0[2]) }
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

  private static func read(_ path: String, _ root: Int32) -> AccountFile {
    guard let file = try? InRoot.open(root, path, O_RDONLY | O_NONBLOCK) else { return AccountFile(bytes: []) }
    return AccountFile(bytes: (try? Files.readAll(file.number, limit: AccountFile.largest)) ?? [])
  }
}
