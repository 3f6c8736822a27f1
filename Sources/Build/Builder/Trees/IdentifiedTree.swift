// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec
import Synchronization

/// A tree that is known by more than its files, which are fetched only when somebody needs them.
package final class IdentifiedTree: FileTree {
  /// The commit or digest that it is at.
  let identity: String
  /// The same key, the same files: the identity, and which part of what it names.
  let key: String
  private let fetch: @Sendable () async throws -> any FileTree
  private let fetched: Mutex<Task<any FileTree, any Error>?>
  private let files: Mutex<(any FileTree)?>

  /// - Parameter fetch: gives the files; it is called at most once.
  init(identity: String, key: String, fetch: @escaping @Sendable () async throws -> any FileTree) {
    (self.identity, self.key, self.fetch) = (identity, key, fetch)
    fetched = Mutex(nil)
    files = Mutex(nil)
  }

  /// A tree that is here.
  init(tree: any FileTree, identity: String) {
    (self.identity, key, fetch) = (identity, identity, { tree })
    fetched = Mutex(nil)
    files = Mutex(tree)
  }

  /// Fetches the files, unless they are here.
  func bring() async throws {
    guard files.withLock({ $0 }) == nil else { return }
    let task = fetched.withLock { fetched in
      let task = fetched ?? Task { try await self.fetch() }
      fetched = task
      return task
    }
    let tree = try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
    files.withLock { $0 = tree }
  }

  private func tree() throws(HullError) -> any FileTree {
    guard let tree = files.withLock({ $0 }) else { throw HullError(.internalError, "the files of \(identity) have not been fetched") }
    return tree
  }

  package func node(_ path: String) throws(HullError) -> TreeNode? { try tree().node(path) }
  package func names(in directory: String) throws(HullError) -> [String] { try tree().names(in: directory) }
  package func digest(_ path: String) throws(HullError) -> Digest { try tree().digest(path) }
  package func source(_ path: String) throws(HullError) -> any ByteSource { try tree().source(path) }
}
