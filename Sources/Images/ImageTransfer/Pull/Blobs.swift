// SPDX-License-Identifier: Apache-2.0
import ContentStore
import Errors
import ImageStore
import OCISpec
import RegistryClient
import Threads

/// Brings blobs of one repository into the store.
struct BlobArrival: Sendable {
  /// Configurations and attestations: what is read into memory.
  static let maximumDocument: Int64 = 16 << 20

  let transfer: ImageTransfer
  let repository: Repository

  /// Fetches a blob. It is verified then, but becomes a blob of the store only when it is published.
  /// - Parameter with: called with the download as soon as it runs, again when the blob has to be fetched anew; ends before this does.
  func bring(_ blob: Descriptor, with follow: @escaping @Sendable (Download) async throws -> Void = { _ in }) async throws {
    var avoiding: Set<String> = []
    var first: HullError?
    while true {
      let download = try await transfer.downloads.join(blob, from: repository, avoiding: avoiding)
      do {
        return try await complete(download, follow)
      } catch let error as HullError {
        guard first == nil, error.code == .wrongDigest else { throw first ?? error }
        first = error
        // What a power failure left may be wrong, and so may one place of several.
        avoiding = download.partial.isResumed ? [] : download.places
      }
    }
  }

  /// A small blob's bytes.
  func read(_ blob: Descriptor, _ what: String) async throws -> [UInt8] {
    guard blob.size <= BlobArrival.maximumDocument else {
      throw HullError(
        .tooLarge, "\(repository.reference.familiar): \(what) \(blob.digest) has \(blob.size) bytes, more than \(BlobArrival.maximumDocument)")
    }
    try await obtain(blob)
    let store = transfer.store.blobs
    return try await Blocking.run { try store.read(blob.digest) }
  }

  /// Makes sure that a blob is in the store.
  func obtain(_ blob: Descriptor) async throws {
    if try await isHere(blob) { return }
    try await bring(blob)
    try await publish([blob])
  }

  /// Makes blobs that were brought visible in the store.
  func publish(_ brought: [Descriptor]) async throws {
    let store = transfer.store.blobs
    try await Blocking.run { try store.publish(brought.map(\.digest)) }
  }

  func isHere(_ blob: Descriptor) async throws -> Bool {
    let store = transfer.store.blobs
    return try await Blocking.run { store.size(of: blob.digest) } == blob.size
  }

  /// Waits for both. A blob that is not what it should be is a better reason than what it looks like when it is unpacked.
  private func complete(_ download: Download, _ follow: @escaping @Sendable (Download) async throws -> Void) async throws {
    async let following: Result<Void, any Error> = Result.catching { try await follow(download) }
    try await download.wait()
    do { try await following.get() } catch let error as HullError where error.code != .unavailable {
      // The right bytes of something that cannot be unpacked: nobody will ever need them.
      let downloads = transfer.downloads
      try await Blocking.run { downloads.discard(download) }
      throw error
    }
  }
}

extension Result where Failure == any Error {
  static func catching(_ body: () async throws -> Success) async -> Result {
    do { return .success(try await body()) } catch { return .failure(error) }
  }
}
