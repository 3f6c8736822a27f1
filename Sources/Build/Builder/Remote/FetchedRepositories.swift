// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import OCISpec
import Synchronization

/// The repositories and archives of the web that one build needs: each is asked for and fetched once, with what the client has for getting at it.
final class FetchedRepositories: Sendable {
  /// The files of the web that the build needs.
  let files: FetchedFiles
  private let remote: any RemoteSources
  private let session: any BuildSession
  private let directory: String
  /// What the client has judged is what is used.
  private let revisions = Mutex<[RevisionKey: GitRevision]>([:])
  private let archives = Mutex<[String: IdentifiedTree]>([:])
  private let trees = Mutex<[RepositoryStep: Task<IdentifiedTree, any Error>]>([:])

  private struct RevisionKey: Hashable {
    var address: GitAddress
    var checksum: String?
  }

  /// - Parameter directory: for agents' sockets.
  init(_ remote: any RemoteSources, session: any BuildSession, sockets directory: String) {
    (self.remote, self.session, self.directory) = (remote, session, directory)
    files = FetchedFiles(remote, session: session)
  }

  /// What a step gives. A repository is only known by its commit, unless its files are wanted: it is fetched by who brings them.
  func tree(_ step: RepositoryStep) async throws -> IdentifiedTree {
    var whole = step
    (whole.waits, whole.part) = (false, "")
    let key = whole
    let task = trees.withLock { trees in
      if let known = trees[key] { return known }
      let task = Task { try await self.identify(key) }
      trees[key] = task
      return task
    }
    let tree = try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
    if !step.waits { try await tree.bring() }
    return tree
  }

  private func identify(_ wanted: RepositoryStep) async throws -> IdentifiedTree {
    let step = try await session.allowed(wanted) { try await self.facts($0) }
    guard let address = try GitAddress(step.url, isGit: step.isGit) else { return try await archive(step.url) }
    // What a policy puts in a repository's place says it in its address alone.
    let (checksum, keeps) = (address.checksum ?? step.checksum, step.keepsGitDirectory || address.keepsGitDirectory == true)
    let revision = try await revision(address, checksum)
    return IdentifiedTree(identity: revision.commit, key: revision.key(address, keepsGitDirectory: keeps)) {
      let checkout = try await self.withAccess(address) {
        try await self.remote.checkout(address, revision, keepsGitDirectory: keeps, access: $0)
      }
      return IdentifiedTree.Contents(tree: checkout.tree, modified: checkout.committed)
    }
  }

  private func revision(_ address: GitAddress, _ checksum: String?) async throws -> GitRevision {
    let key = RevisionKey(address: address, checksum: checksum)
    if let known = revisions.withLock({ $0[key] }) { return known }
    let revision = try await withAccess(address) { try await self.remote.revision(address, checksum: checksum, access: $0) }
    revisions.withLock { $0[key] = revision }
    return revision
  }

  private func archive(_ url: String) async throws -> IdentifiedTree {
    if let known = archives.withLock({ $0[url] }) { return known }
    let authorization = try await WebAuthorization(session).value(for: DownloadStep(url: url))
    let archive = try await remote.archive(url, authorization: authorization)
    archives.withLock { $0[url] = archive }
    return archive
  }

  /// What there is to know of a repository or archive. Of a repository only its commit is asked for.
  func facts(_ step: RepositoryStep) async throws -> SourceFacts {
    if let address = try GitAddress(step.url, isGit: step.isGit) {
      return .repository(try await revision(address, address.checksum ?? step.checksum))
    }
    let archive = try await archive(step.url)
    return .file(digest: try Digest(archive.identity), name: RemoteAddress.fileName(step.url), modified: archive.modified)
  }

  // MARK: Access

  private func withAccess<Result>(_ address: GitAddress, _ body: (GitSource.Access) async throws -> Result) async throws -> Result {
    var access = GitSource.Access()
    var agent: AgentSocket?
    if address.usesSecureShell { agent = try await self.agent(&access) } else { await secrets(for: address, &access) }
    defer { agent?.close() }
    return try await body(access)
  }

  /// As BuildKit has them: the whole header before the token, those of the host before those of all.
  private func secrets(for address: GitAddress, _ access: inout GitSource.Access) async {
    guard let host = address.host else { return }
    if let header = await secret("GIT_AUTH_HEADER", host) {
      access.header = header
    } else {
      access.token = await secret("GIT_AUTH_TOKEN", host)
    }
  }

  /// What the client does not give, for whatever reason, it does not have.
  private func secret(_ name: String, _ host: String) async -> String? {
    for id in ["\(name).\(host)", name] {
      guard let bytes = try? await session.secret(id) else { continue }
      // A file ends with a new line.
      return String(decoding: bytes, as: UTF8.self).trimming(\.isNewline)
    }
    return nil
  }

  private func agent(_ access: inout GitSource.Access) async throws -> AgentSocket? {
    guard let first = try await session.sshAgent("default") else { return nil }
    close(first)
    let path = "\(directory)/git-\(UInt64.random(in: 0 ... .max))"
    access.agent = path
    return try AgentSocket(path: path, mode: 0o600, uid: 0, gid: 0) { [session] in try await session.sshAgent("default") }
  }
}
