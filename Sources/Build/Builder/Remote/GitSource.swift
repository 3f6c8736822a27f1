// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import OCISpec
import Threads

/// A Git repository as a source of a build, fetched by the host's `git` in a directory and an environment of its own: no settings, hooks, credentials or
/// questions of the host's, only the protocols that builds may use.
package struct GitSource: Sendable {
  package struct Checkout: Sendable {
    /// The files of the commit, below `directory` if there is one; all belong to root, with the commit's time.
    package var tree: any FileTree
    /// 40 (or 64) hexadecimal digits.
    package var commit: String
    /// When it was made: seconds since 1970.
    package var committed: Int64
  }

  /// What the client gives for getting at a private repository.
  package struct Access: Sendable {
    /// For HTTPS: `GIT_AUTH_TOKEN`.
    package var token: String?
    /// For HTTPS: the whole header field's value, `GIT_AUTH_HEADER`.
    package var header: String?
    /// For SSH: the path of an agent's socket.
    package var agent: String?
    package init() {}
  }

  private let directory: String

  /// - Parameter directory: below which the repository lies meanwhile, and on whose file system the files are kept.
  package init(keptIn directory: String) { self.directory = directory }

  /// Fetches one commit and its submodules.
  /// - Parameter keepsGitDirectory: the tree has `.git`, too.
  /// - Throws: `notFound` for a reference or directory that is not there, `unavailable` when the repository cannot be reached.
  package func checkout(_ address: GitAddress, keepsGitDirectory: Bool = false, access: Access = Access()) async throws -> Checkout {
    try address.check()
    let place = try await Blocking.run { [directory] in try PrivateDirectory(in: directory) }
    let git = GitProgram(place: place.path, address: address, access: access)
    try await git.run(["init", "--quiet", "--template=", "."])
    try await git.run(["remote", "add", "origin", address.url])
    try await fetch(address, git)
    try await git.run(["checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"])
    try await git.run(["submodule", "--quiet", "update", "--init", "--recursive", "--depth=1"])
    // The tree may have it.
    if keepsGitDirectory { try await git.run(["remote", "set-url", "origin", address.shown]) }
    let words = try await git.run(["log", "-1", "--format=%H %ct"]).split { $0 == " " || $0 == "\n" }
    guard words.count == 2, let seconds = Int64(words[1]) else {
      throw HullError(.internalError, "git did not say which commit \(address.shown) is at")
    }
    let tree = try await Blocking.stream { [directory] in
      let whole = try DirectoryTree(path: place.path)
      let top = try TreePaths.resolve(address.directory, in: whole)
      guard try whole.node(top)?.kind == .directory else {
        throw HullError(.notFound, "\(quoted(address.directory)) is not a directory of \(address.shown)")
      }
      return try TreePacking(modified: seconds * 1_000_000_000, leavesOutGit: !keepsGitDirectory).pack(whole, top, keptIn: directory)
    }
    return Checkout(tree: tree, commit: String(words[0]), committed: seconds)
  }

  /// The commit that a reference stands for now, without fetching it: for looking into the cache. `nil` when the server does not say.
  package func commit(_ address: GitAddress, access: Access = Access()) async throws -> String? {
    try address.check()
    if let reference = address.reference, Self.isCommit(reference) { return reference }
    let place = try await Blocking.run { [directory] in try PrivateDirectory(in: directory) }
    let git = GitProgram(place: place.path, address: address, access: access)
    let wanted = address.reference ?? "HEAD"
    let lines = try await git.run(["ls-remote", address.url, wanted, "\(wanted)^{}"]).split(separator: "\n").map { $0.split(separator: "\t") }
    let found = Dictionary(lines.compactMap { $0.count == 2 ? (String($0[1]), String($0[0])) : nil }) { first, _ in first }
    for name in [wanted, "refs/heads/\(wanted)", "refs/tags/\(wanted)^{}", "refs/tags/\(wanted)", "\(wanted)^{}"] {
      if let commit = found[name] { return commit }
    }
    return nil
  }

  private func fetch(_ address: GitAddress, _ git: GitProgram) async throws {
    let wanted = address.reference ?? "HEAD"
    do {
      try await git.run(["fetch", "--quiet", "--depth=1", "--no-tags", "origin", wanted])
    } catch let error as HullError where error.message.contains("shallow") {
      // A repository that is no more than files on a web server.
      try await git.run(["fetch", "--quiet", "--no-tags", "origin", wanted])
    } catch let error as HullError where Self.isCommit(wanted) && error.code != .unavailable {
      // A server that gives only what it has names for: everything, then.
      try await git.run(["fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*"])
      try await git.run(["update-ref", "FETCH_HEAD", wanted])
    }
  }

  static func isCommit(_ text: String) -> Bool { [40, 64].contains(text.utf8.count) && text.utf8.allSatisfy { Digest.isHexDigit($0) } }
}

/// A directory that only this program may enter, gone with the last reference. Blocking.
final class PrivateDirectory: Sendable {
  let path: String

  init(in directory: String) throws(HullError) {
    // What an interrupted daemon leaves here is removed when the builder starts.
    let scratch = directory + "/scratch"
    guard mkdir(scratch, 0o700) == 0 || errno == EEXIST else { throw systemFailure("cannot make the directory \(scratch)") }
    var template = Array("\(scratch)/git-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw systemFailure("cannot make a directory in \(scratch)") }
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  deinit {
    let (parent, name) = TreePaths.split(path)
    let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    try? TreeRemoval.remove(Array(name.utf8), in: descriptor)
    close(descriptor)
  }
}
