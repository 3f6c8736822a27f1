// SPDX-License-Identifier: Apache-2.0
import ContentStore
import Errors
import ImageStore
import OCISpec
import RegistryClient
import Threads

/// A repository as a place of documents and blobs that go one by one, without becoming an image here: build caches.
///
/// Blobs that come in belong to nobody yet: the caller has claimed them.
package struct RemoteContent: Sendable {
  let transfer: ImageTransfer
  let repository: Repository
  private var blobs: BlobArrival { BlobArrival(transfer: transfer, repository: repository) }

  /// A manifest or index, verified; it is not stored.
  package func manifest(_ selector: ManifestSelector, expecting: Descriptor? = nil) async throws -> RemoteManifest {
    try await repository.manifest(selector, expecting: expecting)
  }

  /// Makes sure that a blob is in the store, verified.
  /// - Parameter progress: called with the number of bytes that are here by now.
  package func obtain(_ blob: Descriptor, progress: @escaping @Sendable (Int64) -> Void = { _ in }) async throws {
    if try await blobs.isHere(blob) { return }
    try await blobs.bring(blob) { download in download.observe { _ in progress(download.received) } }
    try await blobs.publish([blob])
  }

  /// Brings blobs of the store to the registry, those that it does not have.
  package func push(_ blobs: [Descriptor], report: @escaping TransferReport) async throws {
    try await BlobPush(repository: repository, store: transfer.store, report: report).push(
      blobs.map { BlobPush.Item(blob: $0, id: $0.digest.short) })
  }

  /// Stores a manifest or index under a tag or its digest. Its blobs are there already.
  package func put(_ bytes: [UInt8], mediaType: String, as selector: ManifestSelector) async throws {
    try await repository.putManifest(selector, bytes: bytes, mediaType: mediaType)
  }
}

extension ImageTransfer {
  /// The content of a repository. The reference's tag and digest do not matter here.
  /// - Parameter insecure: plain HTTP and unverified TLS are fine at the registry itself.
  package func content(
    of reference: Reference, credentials: RegistryCredentials? = nil, access: RegistryAccess, insecure: Bool = false
  ) -> RemoteContent {
    RemoteContent(
      transfer: self, repository: client.repository(reference, credentials: credentials, access: access, insecure: insecure))
  }
}
