// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

extension Repository {
  /// Pushes a blob that the registry does not have.
  /// - Parameters:
  ///   - mountable: repositories of the same registry that are likely to have it; the first that does gives it.
  ///   - progress: called with the number of bytes sent since the last call, from any thread; negative when something is sent again.
  package func push(
    _ blob: Descriptor, from source: any BlobReader, mountable: [Reference] = [], progress: @escaping @Sendable (Int64) -> Void = { _ in }
  ) async throws -> PushOutcome {
    let mountable = mountable.filter { $0.domain == reference.domain && $0.path != reference.path }.prefix(Repository.mostMounts)
    return try await core.uploads.run {
      try await registry(.push("blob \(blob.digest)"), reading: Array(mountable)) { client in
        if try await retrying(client.attempts, { try await client.hasBlob(blob.digest) }) { return .exists }
        let upload = BlobUpload(client: client, blob: blob, source: source, progress: progress)
        for source in mountable {
          guard let session = try await client.mount(blob.digest, from: source.path) else { return .mounted(from: source) }
          // The registry opened an upload instead: the last one that it opened is used.
          guard source == mountable.last else {
            await client.cancel(session)
            continue
          }
          return try await upload.run(session)
        }
        return try await upload.run(nil)
      }
    }
  }

  /// Takes over a blob of another repository of the same registry. `false`: it must be pushed.
  package func mount(_ digest: Digest, from source: Reference) async throws -> Bool {
    guard source.domain == reference.domain else { return false }
    return try await registry(.push("blob \(digest)"), reading: [source]) { client in
      guard let session = try await client.mount(digest, from: source.path) else { return true }
      await client.cancel(session)
      return false
    }
  }

  /// Stores a manifest or index under a tag or its digest, as it is to the byte.
  ///
  /// Where it refers to another one and the registry has no API for that, the index that stands in for it is renewed.
  /// - Returns: its digest.
  @discardableResult
  package func putManifest(_ selector: ManifestSelector, bytes: [UInt8], mediaType: String) async throws -> Digest {
    let digest = SHA256.digest(of: bytes)
    return try await registry(.push("manifest \(selector)")) { client in
      let answer = try await retrying(client.attempts) { try await client.putManifest(selector, bytes: bytes, mediaType: mediaType) }
      if let said = answer.headers.first(name: "docker-content-digest"), said != digest.description {
        throw PlaceFailure(.misbehaved, "the registry stored \(quoted(said)) where \(digest) was sent")
      }
      if answer.headers.first(name: "oci-subject") == nil {
        try await client.announceReferrer(bytes, mediaType: mediaType, digest: digest)
      }
      return digest
    }
  }

  /// Repositories that are asked for a blob before it is sent.
  private static let mostMounts = 3
}
