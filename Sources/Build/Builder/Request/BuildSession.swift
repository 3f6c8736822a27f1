// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// The client's side of a build: what only the client has.
package protocol BuildSession: Sendable {
  /// The files of a context. Throws `notFound` for a name that the client does not offer.
  /// - Parameters:
  ///   - name: `context`, `dockerfile` or a named context.
  ///   - selection: what of it is needed; more may be given.
  func context(_ name: String, _ selection: ContextSelection) async throws -> any FileTree
  /// The same, told how many bytes have come so far.
  func context(_ name: String, _ selection: ContextSelection, progress: @escaping @Sendable (Int64) -> Void) async throws -> any FileTree
  /// The contexts are here: nobody has to wait for their files.
  var hasContexts: Bool { get }
  /// A secret's bytes; `nil` when the client has none of that ID.
  func secret(_ id: String) async throws -> [UInt8]?
  /// A connected stream socket to the client's SSH agent, which the caller then owns; `nil` when the client has none of that ID.
  func sshAgent(_ id: String) async throws -> Int32?
  /// User name and password or token for a registry; `nil` for none.
  func credentials(for registry: String) async throws -> RegistryLogin?
  /// Takes the bytes of an output. `write` is called once with a sink and blocks.
  func receiveArchive(_ id: String, attributes: [String: String], _ write: @escaping @Sendable (any BuildSink) throws -> Void) async throws
  /// Takes the files of an output.
  func receiveFiles(_ id: String, _ tree: any FileTree) async throws
  /// Gives the bytes of a blob in a directory of the client's that has an OCI layout, piece by piece; `take` blocks. Not verified. Throws `notFound`.
  /// - Parameter directory: as `--cache-from` names it; the client offers no other.
  func readContent(_ digest: Digest, of directory: String, _ take: @escaping @Sendable ([UInt8]) throws(HullError) -> Void) async throws
  /// Puts a blob into a directory of the client's, unless it is there. `source` opens its bytes; it is called at most once, and blocks.
  /// - Parameter directory: as `--cache-to` names it; the client offers no other.
  func writeContent(_ blob: Descriptor, to directory: String, from source: @escaping @Sendable () throws -> any ByteSource) async throws
  /// An OCI layout that the client offers: at least the documents and blobs of the image for a platform that `root` leads to.
  /// - Parameter root: a manifest or index; `nil`: `index.json` is there and names it.
  func layout(_ store: String, root: Digest?, platform: Platform) async throws -> any FileTree
  /// Takes an image as an OCI layout.
  func receiveLayout(_ id: String, _ layout: ImageLayout) async throws
  /// The source that the client lets take the place of one, beside the rules that it has sent; mostly the source itself. Its own directories are asked about
  /// where they are received.
  /// - Parameters:
  ///   - platform: which image of several it is.
  ///   - inquire: gives what the client may want to know first.
  /// - Throws: `forbidden` for a source that it does not let in.
  func allowed(_ source: SourcePolicy.Source, platform: Platform, _ inquire: @escaping SourceInquiry) async throws -> SourcePolicy.Source
}

extension BuildSession {
  package var hasContexts: Bool { false }

  /// Without being told.
  package func context(
    _ name: String, _ selection: ContextSelection, progress: @escaping @Sendable (Int64) -> Void
  ) async throws -> any FileTree {
    try await context(name, selection)
  }

  /// A directory as any other.
  package func layout(_ store: String, root: Digest?, platform: Platform) async throws -> any FileTree {
    try await context(store, ContextSelection())
  }

  package func receiveLayout(_ id: String, _ layout: ImageLayout) async throws { try await receiveFiles(id, layout) }
}

/// Which files of a context a build needs (`.dockerignore`'s rules).
package struct ContextSelection: Sendable, Hashable {
  /// Only these paths and what is below them; empty: all.
  package var includes: [String] = []
  /// Patterns of `.dockerignore`.
  package var excludes: [String] = []
  /// Only what these patterns of `COPY` match, and of links among that the targets, too; empty: all.
  package var followed: [String] = []
  package init() {}
}

package struct RegistryLogin: Sendable, Hashable {
  package var user: String
  package var secret: String
  package init(user: String, secret: String) {
    self.user = user
    self.secret = secret
  }
}

/// Where an output's bytes go. Blocking.
package protocol BuildSink: AnyObject {
  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError)
}
