// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// Files from elsewhere.
package protocol RemoteSources: Sendable {
  /// A tree with one file, what an HTTP address gives.
  /// - Parameters:
  ///   - authorization: the value of `Authorization`, what the client gives for a private file.
  ///   - progress: what it is, bytes so far, bytes in all (0: not known).
  func download(
    _ step: DownloadStep, authorization: String?, progress: @escaping @Sendable (String, Int64, Int64) -> Void
  ) async throws -> any FileTree
  /// What an HTTP address that is no repository gives as a context: the files of the archive, or the Dockerfile.
  /// - Parameter authorization: the value of `Authorization`.
  func archive(_ url: String, authorization: String?) async throws -> IdentifiedTree
  /// The commit that a repository's reference stands for now.
  /// - Parameters:
  ///   - checksum: of the commit, or the beginning of it.
  ///   - access: what the client gives for private repositories.
  func revision(_ address: GitAddress, checksum: String?, access: GitSource.Access) async throws -> GitRevision
  /// The files of a commit.
  func checkout(_ address: GitAddress, _ revision: GitRevision, keepsGitDirectory: Bool, access: GitSource.Access) async throws -> GitSource.Checkout
}

/// Files from elsewhere, for clients that read them without a build.
package struct BuildSources: Sendable {
  let remote: any RemoteSources
  /// For agents' sockets.
  let sockets: String

  /// The files of a Git repository (`https://host/path.git#ref:directory`), or of an archive.
  /// - Parameter session: of the client, which has what opens a private one.
  package func repository(_ address: String, session: any BuildSession) async throws -> any FileTree {
    try await FetchedRepositories(remote, session: session, sockets: sockets).tree(RepositoryStep(context: address))
  }

  /// A tree of one file, what an HTTP address gives.
  /// - Parameter session: of the client, which has what opens a private one.
  package func download(_ step: DownloadStep, session: any BuildSession) async throws -> any FileTree {
    try await remote.download(step, authorization: try await WebAuthorization(session).value(for: step)) { _, _, _ in }
  }
}
