// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec
import RegistryClient
import Threads

/// A context that is neither the client's nor a Git repository: an archive of the web, or a Dockerfile of the web that needs no other file.
package struct RemoteContext: Sendable {
  package var tree: any FileTree
  /// The digest of what was sent: the same identity, the same files.
  package var identity: String
  /// The address was that of a Dockerfile: the tree has it under the name `Dockerfile`, whatever name was asked for.
  package var isDockerfile = false
  /// Seconds since 1970: when the server says that the file was changed, otherwise the newest in the archive; `nil`: not known.
  package var modified: Int64?

  /// Whether a context's address is one that is fetched here.
  package static func isRemote(_ address: String) -> Bool {
    address.hasPrefix("https://") || address.hasPrefix("http://") || GitAddress.matches(address)
  }

  /// Fetches a context.
  /// - Parameters:
  ///   - authorization: the value of `Authorization`.
  ///   - directory: on whose file system it is kept.
  /// - Throws: `invalidArgument` for an address of no known kind.
  static func fetch(
    _ address: String, authorization: String?, from source: HTTPSource, keptIn directory: String
  ) async throws -> RemoteContext {
    guard isRemote(address) else {
      throw HullError(.invalidArgument, "\(quoted(address)) is no context: use a directory, a Git repository or an address that begins with https://")
    }
    let download = try await source.download(DownloadStep(url: address), authorization: authorization)
    return try await Blocking.stream { try unpacked(download, keptIn: directory) }
  }

  private static func unpacked(_ download: HTTPSource.Download, keptIn directory: String) throws(HullError) -> RemoteContext {
    let (tree, name) = (download.tree, download.name)
    if try ArchiveDetection.isArchive(name, in: tree, scratch: directory) {
      let pack = try TreePack.receive(try tree.source(name), keptIn: directory)
      var context = RemoteContext(tree: pack, identity: download.digest.description, modified: download.modified)
      if context.modified == nil { context.modified = try pack.newestTime() }
      return context
    }
    guard let size = tree.node(name)?.size, size <= 1 << 20 else {
      throw HullError(.invalidArgument, "\(name) is neither an archive nor a Dockerfile (at most 1 MiB)")
    }
    let writer = TreePackWriter(directory: directory)
    writer.begin("Dockerfile", TreeNode(kind: .regular, mode: 0o600))
    try tree.read(name) { bytes throws(HullError) in try writer.write(bytes) }
    try writer.end()
    return RemoteContext(
      tree: try writer.finish(), identity: download.digest.description, isDockerfile: true, modified: download.modified)
  }
}
