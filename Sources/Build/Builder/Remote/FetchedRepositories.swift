// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Synchronization

/// The repositories and archives of the web that one build needs: each is fetched once, with what the client has for getting at it.
final class FetchedRepositories: Sendable {
  private struct Key: Hashable {
    var url: String
    var keepsGitDirectory: Bool
    var checksum: String?
  }

  let files: FetchedFiles
  private let remote: any RemoteSources
  private let session: any BuildSession
  private let directory: String
  private let fetches = Mutex<[Key: Task<any FileTree, any Error>]>([:])

  /// - Parameter directory: for agents' sockets.
  init(_ remote: any RemoteSources, session: any BuildSession, sockets directory: String) {
    (self.remote, self.session, self.directory) = (remote, session, directory)
    files = FetchedFiles(remote)
  }

  func tree(_ url: String, keepsGitDirectory: Bool = false, checksum: String? = nil) async throws -> any FileTree {
    let key = Key(url: url, keepsGitDirectory: keepsGitDirectory, checksum: checksum)
    let task = fetches.withLock { fetches in
      if let known = fetches[key] { return known }
      let task = Task { try await self.fetch(key) }
      fetches[key] = task
      return task
    }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  private func fetch(_ key: Key) async throws -> any FileTree {
    var access = GitSource.Access()
    var agent: AgentSocket?
    if let address = GitAddress(key.url) {
      if address.usesSecureShell { agent = try await self.agent(&access) } else { try await secrets(for: address, &access) }
    }
    defer { agent?.close() }
    return try await remote.repository(key.url, keepsGitDirectory: key.keepsGitDirectory, checksum: key.checksum, access: access)
  }

  /// As BuildKit has them: the whole header before the token, those of the host before those of all.
  private func secrets(for address: GitAddress, _ access: inout GitSource.Access) async throws {
    guard let host = address.host else { return }
    if let header = try await secret("GIT_AUTH_HEADER", host) {
      access.header = header
    } else {
      access.token = try await secret("GIT_AUTH_TOKEN", host)
    }
  }

  private func secret(_ name: String, _ host: String) async throws -> String? {
    for id in ["\(name).\(host)", name] {
      guard let bytes = try await session.secret(id) else { continue }
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
