// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec
import RegistryClient
import Synchronization
import Threads

/// A file of the web as a source of a build.
package struct HTTPSource: Sendable {
  package struct Download: Sendable {
    /// One file, `name`, with mode 0600 and the time that the server gave it (otherwise 1970).
    package var tree: TreePack
    package var name: String
    package var digest: Digest
    /// For asking next time whether it is still the same.
    package var etag: String?
    /// Seconds since 1970.
    package var modified: Int64?
    package var contentType: String

    /// Bytes.
    var size: Int64 { tree.node(name)?.size ?? 0 }
  }

  /// More is refused: 16 GiB.
  package static let largest: Int64 = 16 << 30
  /// Servers that have rules for builds know them by this name.
  private static let product = "buildkit/v0"

  private let client: RegistryClient
  private let directory: String
  private let known: KnownDownloads?

  /// - Parameters:
  ///   - directory: on whose file system the bytes are kept.
  ///   - known: what need not be fetched again while the server says that it has not changed.
  init(_ client: RegistryClient, keptIn directory: String, known: KnownDownloads? = nil) {
    self.client = client
    self.directory = directory
    self.known = known
  }

  /// Fetches a file, unless it is here and the server says that it is still the same.
  /// - Parameters:
  ///   - authorization: the value of `Authorization`.
  ///   - progress: what it is, bytes so far, bytes in all (0: not known).
  /// - Throws: `invalidArgument` when the digest is another one.
  func download(
    _ step: DownloadStep, authorization: String? = nil, progress: @escaping @Sendable (String, Int64, Int64) -> Void = { _, _, _ in }
  ) async throws -> Download {
    var request = WebRequest(try WebAddress(step.url))
    (request.product, request.headers, request.authorization) = (Self.product, step.headers, authorization)
    let download: Download
    if let known = try await unchanged(step, request) { download = known } else { download = try await fetch(request, progress) }
    known?.keep(download, as: step)
    if let checksum = step.checksum, checksum != download.digest {
      throw HullError(.invalidArgument, "\(request.address) has the digest \(download.digest), not \(checksum): check the URL or correct --checksum")
    }
    return download
  }

  private func unchanged(_ step: DownloadStep, _ request: WebRequest) async throws -> Download? {
    guard let (download, etag) = known?.file(step) else { return nil }
    return try await client.isUnchanged(request, etag: etag) ? download : nil
  }

  private func fetch(_ request: WebRequest, _ progress: @escaping @Sendable (String, Int64, Int64) -> Void) async throws -> Download {
    let (directory, name) = (directory, Self.name(of: request.address))
    let writer = TreePackWriter(directory: directory)
    writer.begin(name, TreeNode(kind: .regular, mode: 0o600))
    let count = Mutex<Int64>(0)
    let file = try await client.download(request, limit: Self.largest) { bytes in
      try await Blocking.run { try bytes.withUnsafeBytes { bytes in try writer.write(bytes) } }
      let now = count.withLock { count in
        count += Int64(bytes.count)
        return count
      }
      progress("downloading \(name)", now, 0)
    }
    // As far as nanoseconds go: a server may say any time.
    let modified = timespec(tv_sec: Int(file.modified ?? 0), tv_nsec: 0).nanoseconds
    let (tree, digest) = try await Blocking.run {
      try writer.end(modified: modified)
      let tree = try writer.finish()
      return (tree, try tree.digest(name))
    }
    return Download(
      tree: tree, name: name, digest: digest, etag: file.etag, modified: file.modified, contentType: file.contentType)
  }

  /// The last part of the path; `download` when there is none.
  static func name(of address: WebAddress) -> String {
    let last = address.path.split(separator: "/").last.map { WebAddress.unescaped($0) } ?? ""
    return last.isEmpty || last == "." || last == ".." || last.contains("/") || last.utf8.contains(0) ? "download" : last
  }
}
