// SPDX-License-Identifier: Apache-2.0
import Errors
import NIOCore
import NIOPosix
import OCISpec
import RegistryStore

/// The registry's own store, asked on threads that may wait for a disk.
struct StoreProvider: ContentProvider {
  let store: RegistryStore
  let threads: NIOThreadPool

  let isWritable = true

  func owns(_ name: RepositoryName) -> Bool { true }

  func manifest(_ reference: ManifestReference, in name: RepositoryName) async throws -> ServedManifest {
    try await threads.perform { () throws(HullError) in
      let manifest = try store.manifest(reference, in: name)
      return ServedManifest(digest: manifest.digest, type: manifest.content.type, bytes: manifest.bytes)
    }
  }

  func blob(_ digest: Digest, in name: RepositoryName) async throws -> ServedBlob {
    try await threads.perform { () throws(HullError) in
      let (descriptor, size) = try store.openBlob(digest, in: name)
      return .file(HotFile(descriptor: descriptor, size: size))
    }
  }

  func blobSize(_ digest: Digest, in name: RepositoryName) async throws -> Int64 {
    try await threads.perform { () throws(HullError) in try store.leaseBlob(digest, in: name) }
  }

  func smallBlob(_ digest: Digest, in name: RepositoryName) async throws -> [UInt8] {
    try await threads.perform { () throws(HullError) in try store.readBlob(digest, in: name) }
  }

  func tags(in name: RepositoryName, after last: String?, limit: Int) async throws -> (tags: [String], more: Bool) {
    try await threads.perform { () throws(HullError) in try store.tags(in: name, after: last, limit: limit) }
  }

  func referrers(
    of subject: Digest, in name: RepositoryName, artifactType: String?, after last: Digest?, limit: Int
  ) async throws -> (descriptors: [Descriptor], more: Bool) {
    try await threads.perform { () throws(HullError) in
      try store.referrers(of: subject, in: name, artifactType: artifactType, after: last, limit: limit)
    }
  }

  func repositories() async throws -> [RepositoryName] { store.catalog.all }

  func tagTimes(in name: RepositoryName) async throws -> [String: Int64] {
    try await threads.perform { () throws(HullError) in
      Dictionary(try store.tagRecords(in: name).map { ($0.name, $0.setNanoseconds) }, uniquingKeysWith: max)
    }
  }
}

extension NIOThreadPool {
  /// Runs what may wait for a disk, away from the threads that must not.
  func perform<Result: Sendable>(_ body: @escaping @Sendable () throws(HullError) -> Result) async throws -> Result {
    try await runIfActive { try body() }
  }
}
