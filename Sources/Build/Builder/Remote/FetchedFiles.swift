// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec
import Synchronization

/// The files of the web that one build needs: each is fetched once.
final class FetchedFiles: Sendable {
  private let remote: any RemoteSources
  private let session: any BuildSession
  private let fetches = Mutex<[DownloadStep: Task<any FileTree, any Error>]>([:])

  init(_ remote: any RemoteSources, session: any BuildSession) { (self.remote, self.session) = (remote, session) }

  /// A tree of one file.
  /// - Parameter progress: told of the bytes, when this call is the one that fetches them: what it is, bytes so far, bytes in all (0: not known).
  func tree(_ step: DownloadStep, progress: @escaping @Sendable (String, Int64, Int64) -> Void) async throws -> any FileTree {
    let task = fetches.withLock { fetches in
      if let known = fetches[step] { return known }
      let task = Task { try await self.fetch(step, progress) }
      fetches[step] = task
      return task
    }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  private func fetch(_ step: DownloadStep, _ progress: @escaping @Sendable (String, Int64, Int64) -> Void) async throws -> any FileTree {
    let seen = Monitor<[DownloadStep: any FileTree]>([:])
    let file = try await session.allowed(step) { file in
      let tree = try await self.download(file, progress)
      seen.with { $0[file] = tree }
      return try SourceFacts(file: tree)
    }
    // What the client has judged is what is used.
    if let known = seen.with({ $0[file] }) { return known }
    return try await download(file, progress)
  }

  private func download(_ file: DownloadStep, _ progress: @escaping @Sendable (String, Int64, Int64) -> Void) async throws -> any FileTree {
    try await remote.download(file, authorization: try await WebAuthorization(session).value(for: file), progress: progress)
  }
}

extension SourceFacts {
  /// - Parameter tree: of one file.
  init(file tree: any FileTree) throws(HullError) {
    let name = try tree.names(in: "").first ?? ""
    let modified = try tree.node(name)?.modified ?? 0
    self = .file(digest: try tree.digest(name), name: name, modified: modified == 0 ? nil : modified / 1_000_000_000)
  }
}
