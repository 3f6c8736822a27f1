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
    /// The files of the commit, below the address's directory if there is one; all belong to root, with the commit's time.
    package var tree: any FileTree
    /// When the commit was made: seconds since 1970.
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

  // MARK: What a reference stands for

  /// The commit that the reference of an address stands for now, without fetching it.
  /// - Parameter checksum: what it must be, or the beginning of it.
  /// - Throws: `notFound` for a reference that is not there, `invalidArgument` for one that is something else, `unavailable` when the repository cannot
  ///   be reached.
  package func revision(_ address: GitAddress, checksum: String? = nil, access: Access = Access()) async throws -> GitRevision {
    try address.check()
    if let checksum, checksum.isEmpty || !checksum.lowercased().utf8.allSatisfy({ Digest.isHexDigit($0) }) {
      throw HullError(.invalidArgument, "invalid checksum \(checksum) for Git URL, expected hex commit hash")
    }
    let revision = try await named(address, checksum, access)
    try revision.check(checksum, of: address)
    return revision
  }

  private func named(_ address: GitAddress, _ checksum: String?, _ access: Access) async throws -> GitRevision {
    if let reference = address.reference, GitRevision.isCommit(reference) { return GitRevision(name: reference, object: reference) }
    if address.fetchesCommit { return try chosen(address, checksum) }
    let place = try await Blocking.run { [directory] in try PrivateDirectory(in: directory) }
    let git = GitProgram(place: place.path, address: address, access: access)
    let wanted = address.reference.map { [$0, "\($0)^{}"] } ?? ["HEAD"]
    let answer = try await git.run(["ls-remote", "--symref", "--", address.url] + wanted)
    guard let revision = GitNames(answer).revision(address.reference) else {
      throw HullError(.notFound, "git ls-remote of \(address.shown): repository does not contain ref \(address.reference ?? "HEAD")")
    }
    return revision
  }

  /// `fetch-by-commit`: the commit is believed to be what the reference stands for.
  private func chosen(_ address: GitAddress, _ checksum: String?) throws(HullError) -> GitRevision {
    guard let checksum else { throw HullError(.invalidArgument, "fetch-by-commit requires a checksum or a commit SHA ref") }
    guard GitRevision.isCommit(checksum) else {
      throw HullError(.invalidArgument, "fetch-by-commit requires a full commit SHA checksum, got \(quoted(checksum))")
    }
    let name = address.reference.map { $0.hasPrefix("refs/") ? $0 : "refs/heads/" + $0 }
    return GitRevision(name: name ?? checksum, object: checksum)
  }

  // MARK: Files

  /// Fetches one commit and its submodules.
  /// - Parameter keepsGitDirectory: the tree has `.git`, too.
  /// - Throws: `notFound` for a directory that is not there, `unavailable` when the repository cannot be reached.
  package func checkout(
    _ address: GitAddress, _ revision: GitRevision, keepsGitDirectory: Bool = false, access: Access = Access()
  ) async throws -> Checkout {
    let place = try await Blocking.run { [directory] in try PrivateDirectory(in: directory) }
    let git = GitProgram(place: place.path, address: address, access: access)
    try await git.run(["init", "--quiet", "--template=", "--object-format=\(revision.isSHA256 ? "sha256" : "sha1")", "."])
    try await git.run(["remote", "add", "origin", address.url])
    try await GitFetch(git: git, address: address, revision: revision).run()
    if keepsGitDirectory { try await clean(git, revision) }
    let committed = try await commitTime(git)
    let modified = address.fileTime == .commit ? committed &* 1_000_000_000 : BuildClock.now()
    let tree = try await Blocking.stream { [directory] in
      let whole = try DirectoryTree(path: place.path)
      let top = try TreePaths.resolve(address.directory, in: whole)
      guard try whole.node(top)?.kind == .directory else {
        throw HullError(.notFound, "\(quoted(address.directory)) is not a directory of \(address.shown)")
      }
      return try TreePacking(modified: modified, leavesOutGit: !keepsGitDirectory).pack(whole, top, keptIn: directory)
    }
    return Checkout(tree: tree, committed: committed)
  }

  /// What the tree has of `.git`: the reference that was asked for, no password, nothing of how it came here.
  private func clean(_ git: GitProgram, _ revision: GitRevision) async throws {
    try await git.run(["remote", "set-url", "origin", git.address.shown])
    if revision.name.hasPrefix("refs/") { try await git.run(["update-ref", revision.name, revision.object]) }
    unlink(git.place + "/.git/FETCH_HEAD")
  }

  /// Seconds since 1970.
  private func commitTime(_ git: GitProgram) async throws -> Int64 {
    let answer = try await git.run(["log", "-1", "--format=%ct"])
    guard let seconds = Int64(answer.prefix { $0 != "\n" }) else {
      throw HullError(.internalError, "git did not say of when the commit of \(git.address.shown) is")
    }
    return seconds
  }
}

/// Fetches a commit with its submodules, and puts its files into the place.
struct GitFetch: Sendable {
  let git: GitProgram
  let address: GitAddress
  let revision: GitRevision

  func run() async throws {
    if GitRevision.isCommit(revision.name) || address.fetchesCommit {
      try await fetchCommit()
      try await checkout()
    } else {
      try await shallow(["fetch", "--quiet", "--no-tags"], ["origin", revision.name])
      do { try await checkout() } catch let error as HullError where error.code == .notFound {
        // The name stands for something else by now.
        try await fetchCommit()
        try await checkout()
      }
    }
    guard address.hasSubmodules, access(git.place + "/.gitmodules", F_OK) == 0 else { return }
    try await shallow(["submodule", "--quiet", "update", "--init", "--recursive"], [])
  }

  private func checkout() async throws { try await git.run(["checkout", "--quiet", "--force", "--detach", revision.object]) }

  /// A server may give only what it has names for: everything, then.
  private func fetchCommit() async throws {
    do { try await shallow(["fetch", "--quiet", "--no-tags"], ["origin", revision.object]) } catch let error as HullError
      where error.code != .unavailable && !address.fetchesCommit
    {
      try await git.run(["fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*"])
    }
  }

  /// Without the commits before it; a repository that is no more than files on a web server gives them, too.
  private func shallow(_ command: [String], _ what: [String]) async throws {
    do { try await git.run(command + ["--depth=1"] + what) } catch let error as HullError where error.message.contains("shallow") {
      try await git.run(command + what)
    }
  }
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
