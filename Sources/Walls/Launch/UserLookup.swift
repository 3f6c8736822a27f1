// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// Who a process runs as.
struct UserIdentity: Equatable {
  var uid: UInt32 = 0
  var gid: UInt32 = 0
  var groups: [UInt32] = []
  var home = "/"
}

/// Looks users up in the container's own files, by Docker's rules.
package enum UserLookup {
  private static let largestID: UInt64 = 0x7fff_ffff

  /// To be called behind the wall: `/etc/passwd` and `/etc/group` are the container's.
  static func find(_ user: UserPlan) throws(HullError) -> UserIdentity {
    let passwd = AccountFile("/etc/passwd")
    switch user {
    case .ids(let uid, let gid, let additional):
      let home = passwd.first { $0.count >= 6 && UInt32($0[2]) == uid }?[5]
      return UserIdentity(uid: uid, gid: gid, groups: additional, home: home.flatMap { $0.isEmpty ? nil : $0 } ?? "/")
    case .name(let text, let additional): return try find(text, additional, passwd: passwd, group: AccountFile("/etc/group"))
    }
  }

  /// `USER[:GROUP]`; the names of additional groups.
  static func find(_ text: String, _ additional: [String], passwd: AccountFile, group: AccountFile) throws(HullError) -> UserIdentity {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = parts.first ?? ""
    let groupName = parts.count > 1 ? parts[1] : ""
    var identity = UserIdentity()
    let entry = findUser(name, passwd)
    if let entry {
      identity.uid = UInt32(entry[2]) ?? 0
      identity.gid = UInt32(entry[3]) ?? 0
      if entry.count > 5 && !entry[5].isEmpty { identity.home = entry[5] }
    } else if !name.isEmpty {
      guard let number = Int64(name) else {
        throw HullError(.invalidArgument, "unable to find user \(name): no matching entries in passwd file")
      }
      identity.uid = try checkedID(number)
    }
    var groups: [UInt32] = []
    if !groupName.isEmpty {
      identity.gid = try findGroup(groupName, group)
    } else if let entry {
      groups = group.all { $0.count >= 4 && $0[3].split(separator: ",").contains { $0 == entry[0] } }.compactMap { UInt32($0[2]) }
    }
    // The primary group stands among the supplementary ones too, so that dropping it does not lift what is denied to the group.
    identity.groups = [identity.gid]
    for extra in groups where !identity.groups.contains(extra) { identity.groups.append(extra) }
    for extra in additional {
      let number = try findGroup(extra, group)
      if !identity.groups.contains(number) { identity.groups.append(number) }
    }
    return identity
  }

  /// A number is always an ID, never a name; no name is user 0.
  private static func findUser(_ name: String, _ passwd: AccountFile) -> [String]? {
    let number = name.isEmpty ? 0 : Int64(name)
    return passwd.first { fields in
      guard fields.count >= 4, let uid = Int64(fields[2]) else { return false }
      return number.map { uid == $0 } ?? (fields[0] == name)
    }
  }

  private static func findGroup(_ name: String, _ group: AccountFile) throws(HullError) -> UInt32 {
    let number = Int64(name)
    let entry = group.first { fields in
      guard fields.count >= 3, let gid = Int64(fields[2]) else { return false }
      return number.map { gid == $0 } ?? (fields[0] == name)
    }
    if let entry, let gid = UInt32(entry[2]) { return gid }
    guard let number else { throw HullError(.invalidArgument, "unable to find group \(name): no matching entries in group file") }
    return try checkedID(number)
  }

  private static func checkedID(_ number: Int64) throws(HullError) -> UInt32 {
    guard number >= 0, UInt64(number) <= largestID else { throw HullError(.invalidArgument, "uids and gids must be in range 0-2147483647") }
    return UInt32(number)
  }
}

extension AccountFile {
  /// The container controls the file: only an ordinary one of a sane size is read; anything else is empty.
  init(_ path: String) {
    guard let file = try? Files.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY), let status = try? Files.status(of: file.number), status.isRegular
    else {
      self.init(bytes: [])
      return
    }
    self.init(bytes: (try? Files.readAll(file.number, limit: AccountFile.largest, name: path)) ?? [])
  }
}
