// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import ImageStore
import ImageTransfer
import OCISpec
import RegistryClient
import Synchronization
import Threads

/// Where the blobs of a cache are that has been brought in; each is fetched when a step needs it.
protocol CacheOrigin: Sendable {
  /// The document that a digest or the place itself stands for, of at most 4 MiB, verified.
  func document(_ descriptor: Descriptor?) async throws -> (bytes: [UInt8], mediaType: String)
  /// Makes sure that a blob, which is claimed, is in the store: verified, of exactly that size.
  func obtain(_ blob: Descriptor, progress: @escaping @Sendable (Int64) -> Void) async throws
}

/// A repository of a registry.
struct RegistryCacheOrigin: CacheOrigin {
  let content: RemoteContent
  let reference: Reference

  func document(_ descriptor: Descriptor?) async throws -> (bytes: [UInt8], mediaType: String) {
    let found = try await content.manifest(descriptor.map { .digest($0.digest) } ?? .init(reference), expecting: descriptor)
    return (found.bytes, found.descriptor.mediaType)
  }

  func obtain(_ blob: Descriptor, progress: @escaping @Sendable (Int64) -> Void) async throws { try await content.obtain(blob, progress: progress) }
}

/// An image that is here, with everything that belongs to it.
struct StoredCacheOrigin: CacheOrigin {
  let images: ImageStore
  let manifest: Descriptor

  func document(_ descriptor: Descriptor?) async throws -> (bytes: [UInt8], mediaType: String) {
    let (images, wanted) = (images, descriptor ?? manifest)
    return (try await Blocking.run { try images.blobs.read(wanted.digest) }, wanted.mediaType)
  }

  func obtain(_ blob: Descriptor, progress: @escaping @Sendable (Int64) -> Void) async throws {
    let images = images
    guard try await Blocking.run({ images.blobs.size(of: blob.digest) }) == blob.size else {
      throw HullError(.notFound, "blob \(blob.digest) is not here any more")
    }
  }
}

/// A directory of the client's, an OCI layout.
struct ClientCacheOrigin: CacheOrigin {
  private static let longestDocument: Int64 = 4 << 20
  let session: any BuildSession
  let images: ImageStore
  let directory: String
  let manifest: Digest

  func document(_ descriptor: Descriptor?) async throws -> (bytes: [UInt8], mediaType: String) {
    let digest = descriptor?.digest ?? manifest
    let pieces = Mutex<[UInt8]>([])
    try await session.readContent(digest, of: directory) { piece throws(HullError) in
      let count = pieces.withLock { all in
        all += piece
        return all.count
      }
      guard count <= Self.longestDocument else { throw HullError(.tooLarge, "\(directory): the manifest \(digest) is larger than 4 MiB") }
    }
    let bytes = pieces.withLock { $0 }
    guard SHA256.digest(of: bytes) == digest else { throw HullError(.wrongDigest, "\(directory): what is called \(digest) is something else") }
    return (bytes, descriptor?.mediaType ?? "")
  }

  func obtain(_ blob: Descriptor, progress: @escaping @Sendable (Int64) -> Void) async throws {
    let (store, directory) = (images.blobs, directory)
    if try await Blocking.run({ store.size(of: blob.digest) }) == blob.size { return }
    let ingest = try await Blocking.run { try store.ingest() }
    // One piece at a time: whoever gives them waits for each.
    let incoming = try await Blocking.run { Monitor(try ingest.begin()) }
    try await session.readContent(blob.digest, of: directory) { piece throws(HullError) in
      let size = try incoming.with { (file) throws(HullError) -> Int64 in
        guard file.size + Int64(piece.count) <= blob.size else {
          throw HullError(.wrongDigest, "\(directory): blob \(blob.digest) is larger than the \(blob.size) bytes that it should have")
        }
        try file.write(piece)
        return file.size
      }
      progress(size)
    }
    try await Blocking.run {
      let (file, digest, size) = incoming.with { $0.finish() }
      guard digest == blob.digest, size == blob.size else {
        throw HullError(.wrongDigest, "\(directory): blob \(blob.digest) is not what it should be: it has \(size) bytes and the digest \(digest)")
      }
      try ingest.publish([(file, digest)])
    }
  }
}
