// SPDX-License-Identifier: Apache-2.0
import OCISpec
import Synchronization

/// The files of the web that one build needs: each is fetched once.
final class FetchedFiles: Sendable {
  private struct Key: Hashable {
    var url: String
    var checksum: Digest?
  }

  private let remote: any RemoteSources
  private let fetches = Mutex<[Key: Task<any FileTree, any Error>]>([:])

  init(_ remote: any RemoteSources) { self.remote = remote }

  /// A tree of one file.
  /// - Parameter progress: told of the bytes, when this call is the one that fetches them: what it is, bytes so far, bytes in all (0: not known).
  func tree(
    _ url: String, checksum: Digest?, progress: @escaping @Sendable (String, Int64, Int64) -> Void
  ) async throws -> any FileTree {
    let key = Key(url: url, checksum: checksum)
    let task = fetches.withLock { fetches in
      if let known = fetches[key] { return known }
      let task = Task { [remote] in try await remote.download(url, checksum: checksum, progress: progress) }
      fetches[key] = task
      return task
    }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}
