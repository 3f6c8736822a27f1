// SPDX-License-Identifier: Apache-2.0
import Errors
import Hummingbird
import OCISpec
import RegistryStore

/// A manifest on its way to a client.
struct ServedManifest: Sendable {
  let digest: Digest
  let type: String
  let bytes: [UInt8]
  /// Seconds of the steady clock until which a tag may be answered from memory; nil: until the store says that it changed.
  var expires: Int64?
}

/// A blob on its way to a client.
enum ServedBlob: Sendable {
  case file(HotFile)
  /// Bytes that arrive while they are sent: the size, and what writes them all and ends the body.
  case stream(size: Int64, @Sendable (inout any ResponseBodyWriter) async throws -> Void)
}

/// Where the contents of repositories come from: the registry's own store, another registry, an engine. What cannot be found is an
/// error of the distribution specification (`MANIFEST_UNKNOWN`, `BLOB_UNKNOWN`, `NAME_UNKNOWN`).
protocol ContentProvider: Sendable {
  /// Whether a repository belongs to this provider. The first that says so is asked, and no other.
  func owns(_ name: RepositoryName) -> Bool
  /// Whether clients may push and delete there.
  var isWritable: Bool { get }
  func manifest(_ reference: ManifestReference, in name: RepositoryName) async throws -> ServedManifest
  func blob(_ digest: Digest, in name: RepositoryName) async throws -> ServedBlob
  /// Bytes; a blob whose size was told stays for a while.
  func blobSize(_ digest: Digest, in name: RepositoryName) async throws -> Int64
  /// A whole small blob, such as a configuration.
  func smallBlob(_ digest: Digest, in name: RepositoryName) async throws -> [UInt8]
  func tags(in name: RepositoryName, after last: String?, limit: Int) async throws -> (tags: [String], more: Bool)
  func referrers(
    of subject: Digest, in name: RepositoryName, artifactType: String?, after last: Digest?, limit: Int
  ) async throws -> (descriptors: [Descriptor], more: Bool)
  /// Every repository that is known to be there, sorted.
  func repositories() async throws -> [RepositoryName]
  /// When tags were set, nanoseconds since 1970, as far as it is known.
  func tagTimes(in name: RepositoryName) async throws -> [String: Int64]
  /// The same without asking anybody else: for lists of many repositories.
  var atHand: any ContentProvider { get }
}

extension ContentProvider {
  var atHand: any ContentProvider { self }
}
