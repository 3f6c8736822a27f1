// SPDX-License-Identifier: Apache-2.0
import CCrypt
import Errors
import Glibc
import LinuxSystem
import OCISpec
import Synchronization

/// The users of a file in Apache's htpasswd format, bcrypt only: `name:$2y$…`. Read again when the file changes.
final class Passwords: Sendable {
  private struct State {
    var users: [String: String]
    var modified: timespec
  }

  private let path: String
  private let state: Mutex<State>

  /// Throws when the file cannot be read or has a line that is no user with a bcrypt hash.
  init(path: String) throws(HullError) {
    self.path = path
    state = Mutex(try Passwords.read(path))
  }

  /// Whether this is the user's password. Takes as long as bcrypt does, also for users who are not there: not for an event loop.
  func check(_ user: String, _ password: String) throws(HullError) -> Bool {
    try refresh()
    let known = state.withLock { $0.users[user] }
    // For nobody: of the usual cost, of no known password.
    let hash = known ?? "$2y$10$abcdefghijklmnopqrstuuFgHnYy8FqBBnVbgCMcjkPnKw2eVhGWa"
    return try Passwords.hash(password, setting: hash) == hash && known != nil
  }

  /// Reads the file again when it was written to.
  private func refresh() throws(HullError) {
    guard let status = try? Files.status(path) else { return }
    let old = state.withLock { $0.modified }
    guard status.st_mtim.tv_sec != old.tv_sec || status.st_mtim.tv_nsec != old.tv_nsec else { return }
    let new = try Passwords.read(path)
    state.withLock { $0 = new }
  }

  /// bcrypt of a password. `setting` is a hash, or what `salt` gives.
  static func hash(_ password: String, setting: String) throws(HullError) -> String {
    guard !password.utf8.contains(0) else { return "" }
    let size = Int32(MemoryLayout<crypt_data>.size)
    let space = UnsafeMutableRawPointer.allocate(byteCount: Int(size), alignment: 16)
    defer { space.deallocate() }
    memset(space, 0, Int(size))
    guard let result = crypt_rn(password, setting, space, size) else {
      throw HullError(.internalError, "cannot hash a password: \(errorText(errno))")
    }
    return String(cString: result)
  }

  /// A new setting for bcrypt of the usual cost.
  static func salt() throws(HullError) -> String {
    var output = [CChar](repeating: 0, count: 192)
    guard crypt_gensalt_rn("$2y$", 10, nil, 0, &output, Int32(output.count)) != nil else {
      throw HullError(.internalError, "cannot make a salt: \(errorText(errno))")
    }
    return String(decoding: output.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func read(_ path: String) throws(HullError) -> State {
    let bytes: [UInt8]
    let status: stat
    do {
      status = try Files.status(path)
      bytes = try Files.read(path, limit: 16 << 20)
    } catch {
      throw HullError(.invalidArgument, "cannot read the users in \(path): \(error.reason)")
    }
    var users: [String: String] = [:]
    for (number, line) in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let text = line.filter { $0 != "\r" }
      if text.isEmpty || text.hasPrefix("#") { continue }
      guard let colon = text.firstIndex(of: ":"), colon > text.startIndex, text[text.index(after: colon)...].hasPrefix("$2") else {
        throw HullError(.invalidArgument, "\(path), line \(number + 1): not NAME:BCRYPT; make it with hull-registry password NAME")
      }
      users[String(text[..<colon])] = String(text[text.index(after: colon)...])
    }
    return State(users: users, modified: status.st_mtim)
  }
}

/// Makes lines for a file of users.
package enum PasswordLine {
  /// `name:$2y$…`. Throws for names that cannot be in such a file.
  package static func make(name: String, password: String) throws(HullError) -> String {
    guard !name.isEmpty, !name.utf8.contains(where: { $0 < 0x21 || $0 == UInt8(ascii: ":") }) else {
      throw HullError(.invalidArgument, "invalid user name \(quoted(name)): use no colons and no white space")
    }
    guard (1...72).contains(password.utf8.count) else { throw HullError(.invalidArgument, "a password has 1 to 72 bytes") }
    return "\(name):\(try Passwords.hash(password, setting: try Passwords.salt()))"
  }
}
