// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient

/// Files from the web and from Git repositories, by the engine's own client and the host's `git`.
package struct WebSources: RemoteSources {
  private let client: RegistryClient
  private let directory: String

  /// - Parameter directory: on whose file system the files are kept.
  package init(_ client: RegistryClient, keptIn directory: String) {
    self.client = client
    self.directory = directory
  }

  package func download(
    _ url: String, checksum: Digest?, progress: @escaping @Sendable (String, Int64, Int64) -> Void
  ) async throws -> any FileTree {
    guard let download = try await HTTPSource(client, keptIn: directory).download(url, checksum: checksum, progress: progress) else {
      throw HullError(.internalError, "\(url) was not sent")
    }
    return download.tree
  }

  package func repository(_ url: String, keepsGitDirectory: Bool, checksum: String?) async throws -> any FileTree {
    let fetched = try await RemoteContext.fetch(url, client: client, keptIn: directory, keepsGitDirectory: keepsGitDirectory)
    if let checksum, !fetched.identity.hasPrefix(checksum) {
      throw HullError(.invalidArgument, "\(url) is at \(fetched.identity), not at \(checksum): check the address or correct --checksum")
    }
    return fetched.tree
  }
}
