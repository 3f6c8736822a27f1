// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient

/// Downloads and checkouts by the engine itself.
package struct HostRemoteSources: RemoteSources {
  private let web: HTTPSource
  private let directory: String

  /// - Parameter directory: on whose file system files are kept while they are used.
  package init(_ client: RegistryClient, keptIn directory: String) {
    web = HTTPSource(client, keptIn: directory, known: KnownDownloads())
    self.directory = directory
  }

  package func download(
    _ step: DownloadStep, authorization: String?, progress: @escaping @Sendable (String, Int64, Int64) -> Void
  ) async throws -> any FileTree {
    try await web.download(step, authorization: authorization, progress: progress).tree
  }

  package func archive(_ url: String, authorization: String?) async throws -> IdentifiedTree {
    let context = try await RemoteContext.fetch(url, authorization: authorization, from: web, keptIn: directory)
    return IdentifiedTree(tree: context.tree, identity: context.identity, modified: context.modified)
  }

  package func revision(_ address: GitAddress, checksum: String?, access: GitSource.Access) async throws -> GitRevision {
    try await GitSource(keptIn: directory).revision(address, checksum: checksum, access: access)
  }

  package func checkout(
    _ address: GitAddress, _ revision: GitRevision, keepsGitDirectory: Bool, access: GitSource.Access
  ) async throws -> GitSource.Checkout {
    try await GitSource(keptIn: directory).checkout(address, revision, keepsGitDirectory: keepsGitDirectory, access: access)
  }
}
