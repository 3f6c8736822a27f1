// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient

/// Downloads and checkouts by the engine itself.
package struct HostRemoteSources: RemoteSources {
  private let client: RegistryClient
  private let directory: String

  /// - Parameter directory: on whose file system files are kept while they are used.
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

  package func repository(
    _ url: String, keepsGitDirectory: Bool, checksum: String?, access: GitSource.Access
  ) async throws -> any FileTree {
    guard let address = GitAddress(url) else {
      let context = try await RemoteContext.fetch(url, client: client, keptIn: directory)
      return IdentifiedTree(tree: context.tree, identity: context.identity, modified: context.modified)
    }
    let checkout = try await GitSource(keptIn: directory).checkout(address, keepsGitDirectory: keepsGitDirectory, access: access)
    if let checksum, !checkout.commit.hasPrefix(checksum.lowercased()) {
      throw HullError(.invalidArgument, "\(address.shown): expected checksum to match \(checksum), got \(checkout.commit)")
    }
    return IdentifiedTree(tree: checkout.tree, identity: checkout.commit, modified: checkout.committed)
  }
}
