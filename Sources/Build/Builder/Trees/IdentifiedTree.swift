// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec
import Synchronization

/// A tree that is known by more than its files, which are fetched only when somebody needs them.
package final class IdentifiedTree: FileTree {
  struct Contents: Sendable {
    var tree: any FileTree
    /// Seconds since 1970: the commit's time, or when the files were changed; `nil`: not known.
    var modified: Int64?
  }

  /// The commit or digest that it is at.
  let identity: String
  /// The same key, the same files: the identity, and which part of what it names.
  let key: String
  private let fetch: @Sendable () async throws -> Contents
  private let fetched: Mutex<Task<Contents, any Error>?>
  private let contents: Mutex<Contents?>

  /// - Parameter fetch: gives the files; it is called at most once.
  init(identity: String, key: String, fetch: @escaping @Sendable () async throws -> Contents) {
    (self.identity, self.key, self.fetch) = (identity, key, fetch)
    fetched = Mutex(nil)
    contents = Mutex(nil)
  }

  /// A tree that is here.
  init(tree: any FileTree, identity: String, modified: Int64? = nil) {
    let contents = Contents(tree: tree, modified: modified)
    (self.identity, key) = (identity, identity)
    fetch = { contents }
    fetched = Mutex(nil)
    self.contents = Mutex(contents)
  }

  /// Fetches the files, unless they are here.
  func bring() async throws {
    guard contents.withLock({ $0 == nil }) else { return }
    let task = fetched.withLock { fetched in
      let task = fetched ?? Task { try await self.fetch() }
      fetched = task
      return task
    }
    let brought = try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
    contents.withLock { $0 = brought }
  }

  /// Seconds since 1970: the commit's time, or when the files were changed; `nil`: not known, or the files are not here.
  var modified: Int64? { contents.withLock { $0?.modified } }

  private func tree() throws(HullError) -> any FileTree {
    guard let tree = contents.withLock({ $0?.tree }) else { throw HullError(.internalError, "the files of \(identity) have not been fetched") }
    return tree
  }

  package func node(_ path: String) throws(HullError) -> TreeNode? { try tree().node(path) }
  package func names(in directory: String) throws(HullError) -> [String] { try tree().names(in: directory) }
  package func digest(_ path: String) throws(HullError) -> Digest { try tree().digest(path) }
  package func source(_ path: String) throws(HullError) -> any ByteSource { try tree().source(path) }
}
