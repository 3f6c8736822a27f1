// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// Files from elsewhere.
package protocol RemoteSources: Sendable {
  /// A tree with one file, what an HTTP address gives.
  func download(_ url: String, checksum: Digest?, progress: @escaping @Sendable (String, Int64, Int64) -> Void) async throws -> any FileTree
  /// A checkout; for an HTTP address that is no repository: the archive or the Dockerfile that it gives.
  /// - Parameters:
  ///   - checksum: of the commit, or the beginning of it.
  ///   - access: what the client gives for private repositories.
  func repository(_ url: String, keepsGitDirectory: Bool, checksum: String?, access: GitSource.Access) async throws -> any FileTree
}

/// Files from elsewhere, for clients that read them without a build.
package struct BuildSources: Sendable {
  let remote: any RemoteSources

  /// The files of a Git repository (`https://host/path.git#ref:directory`).
  package func repository(_ address: String) async throws -> any FileTree {
    try await remote.repository(address, keepsGitDirectory: false, checksum: nil, access: GitSource.Access())
  }

  /// A tree of one file, what an HTTP address gives.
  package func download(_ address: String) async throws -> any FileTree {
    try await remote.download(address, checksum: nil) { _, _, _ in }
  }
}
