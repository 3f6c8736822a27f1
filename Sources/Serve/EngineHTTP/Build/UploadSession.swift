// SPDX-License-Identifier: Apache-2.0
import Archive
import Builder
import Errors
import OCISpec
import Threads

/// The client of `POST /build`: it has sent one context and its credentials, and cannot be asked for more.
struct UploadSession: BuildSession {
  /// `nil` when the context is somewhere else (`remote`).
  let tree: (any FileTree)?
  let credentials: BuildCredentials

  var hasContexts: Bool { true }

  func context(_ name: String, _ selection: ContextSelection) async throws -> any FileTree {
    guard name == "context", let tree else { throw HullError(.notFound, "the client sent no context \(quoted(name))") }
    guard let pack = tree as? TreePack else { return tree }
    // What the client has not left out itself.
    return try await Blocking.run { try pack.selecting(selection) }
  }

  func secret(_ id: String) async throws -> [UInt8]? { nil }
  func sshAgent(_ id: String) async throws -> Int32? { nil }
  func credentials(for registry: String) async throws -> RegistryLogin? { credentials[registry] }

  func receiveArchive(_ id: String, attributes: [String: String], _ write: @escaping @Sendable (any BuildSink) throws -> Void) async throws {
    throw Self.noWayBack
  }

  func receiveFiles(_ id: String, _ tree: any FileTree) async throws { throw Self.noWayBack }

  func readContent(_ digest: Digest, of directory: String, _ take: @escaping @Sendable ([UInt8]) throws(HullError) -> Void) async throws {
    throw Self.noWayBack
  }

  func writeContent(_ blob: Descriptor, to directory: String, from source: @escaping @Sendable () throws -> any ByteSource) async throws {
    throw Self.noWayBack
  }

  private static let noWayBack = HullError(.unsupported, "this client cannot take files: use 'hull build --output' or 'docker buildx build --output'")
}
