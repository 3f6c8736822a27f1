// SPDX-License-Identifier: Apache-2.0
import Errors
import Logging
import NIOPosix
import OCISpec
import RegistryClient
import RegistryStore
import Synchronization

/// Another registry's contents, kept in the store as they are asked for.
///
/// A tag is believed for a while, then the upstream is asked whether it has moved; when it cannot be asked, what is here is served.
final class ProxyProvider: ContentProvider {
  /// Seconds after which an upstream that could not be asked is asked again.
  private static let patience: Int64 = 30
  private let upstream: Upstream
  private let store: RegistryStore
  private let own: StoreProvider
  private let threads: NIOThreadPool
  private let lifetime: Int64
  private let logger: Logger
  /// Until when tags are believed, by `name:tag`.
  private let believed = TwoGenerations<Int64>(capacity: 20_000)
  private let manifests = Flights<ServedManifest>()
  private let downloads = Mutex<[String: Download]>([:])

  /// - Parameter lifetime: seconds that a tag is believed.
  init(_ upstream: Upstream, store: RegistryStore, threads: NIOThreadPool, lifetime: Int64, logger: Logger) {
    self.upstream = upstream
    self.store = store
    own = StoreProvider(store: store, threads: threads)
    self.threads = threads
    self.lifetime = lifetime
    self.logger = logger
  }

  let isWritable = false
  var atHand: any ContentProvider { own }

  func owns(_ name: RepositoryName) -> Bool { upstream.owns(name) }

  func manifest(_ reference: ManifestReference, in name: RepositoryName) async throws -> ServedManifest {
    let stored = try? await own.manifest(reference, in: name)
    guard case .tag(let tag) = reference else {
      if let stored { return stored }
      return try await manifests.run("\(name)@\(reference)") { [self] in try await fetch(reference, in: name) }
    }
    let key = "\(name):\(tag)"
    if let until = believed.find(key), until > Clock.seconds, var stored {
      stored.expires = until
      return stored
    }
    return try await manifests.run(key) { [self] in try await revalidate(tag, stored, in: name, key) }
  }

  func blob(_ digest: Digest, in name: RepositoryName) async throws -> ServedBlob {
    if let stored = try? await own.blob(digest, in: name) { return stored }
    let download = try await download(digest, in: name)
    return .stream(size: download.blob.size) { [threads] writer in try await download.send(&writer, threads) }
  }

  func blobSize(_ digest: Digest, in name: RepositoryName) async throws -> Int64 {
    if let stored = try? await own.blobSize(digest, in: name) { return stored }
    return try await descriptor(digest, in: name).size
  }

  func smallBlob(_ digest: Digest, in name: RepositoryName) async throws -> [UInt8] {
    if let stored = try? await own.smallBlob(digest, in: name) { return stored }
    try await download(digest, in: name).wait()
    return try await own.smallBlob(digest, in: name)
  }

  func tags(in name: RepositoryName, after last: String?, limit: Int) async throws -> (tags: [String], more: Bool) {
    do {
      let all = try await upstream.repository(name).tags().filter { tag in last.map { $0 < tag } ?? true }.sorted()
      return (Array(all.prefix(limit)), all.count > limit)
    } catch let error as HullError {
      return try await stale(error, name) { try await self.own.tags(in: name, after: last, limit: limit) }
    }
  }

  func referrers(
    of subject: Digest, in name: RepositoryName, artifactType: String?, after last: Digest?, limit: Int
  ) async throws -> (descriptors: [Descriptor], more: Bool) {
    do {
      let all = try await upstream.repository(name).referrers(subject, artifactType: artifactType)
        .filter { entry in last.map { $0 < entry.digest } ?? true }.sorted { $0.digest < $1.digest }
      return (Array(all.prefix(limit)), all.count > limit)
    } catch let error as HullError {
      return try await stale(error, name) {
        try await self.own.referrers(of: subject, in: name, artifactType: artifactType, after: last, limit: limit)
      }
    }
  }

  /// What was asked for once is in the store, which lists it.
  func repositories() async throws -> [RepositoryName] { [] }

  func tagTimes(in name: RepositoryName) async throws -> [String: Int64] { try await own.tagTimes(in: name) }

  /// Asks whether a tag has moved, and fetches what it stands for when that is not here.
  private func revalidate(_ tag: String, _ stored: ServedManifest?, in name: RepositoryName, _ key: String) async throws -> ServedManifest {
    do {
      var manifest: ServedManifest
      if let stored, try await upstream.repository(name).descriptor(.tag(tag))?.digest == stored.digest {
        manifest = stored
      } else {
        manifest = try await fetch(.tag(tag), in: name)
      }
      manifest.expires = believe(key, for: lifetime)
      return manifest
    } catch let error as HullError {
      guard var stored, error.code != .manifestUnknown else { throw error }
      logger.warning("serving \(key) as it was: \(error)")
      stored.expires = believe(key, for: min(Self.patience, lifetime))
      return stored
    }
  }

  private func believe(_ key: String, for seconds: Int64) -> Int64 {
    let until = Clock.seconds + seconds
    believed.insert(until, for: key)
    return until
  }

  private func fetch(_ reference: ManifestReference, in name: RepositoryName) async throws -> ServedManifest {
    let selector: ManifestSelector
    switch reference {
    case .tag(let tag): selector = .tag(tag)
    case .digest(let digest): selector = .digest(digest)
    }
    do {
      let remote = try await upstream.repository(name).manifest(selector)
      return try await threads.perform { [store] () throws(HullError) in
        let kept = try store.putManifest(remote.bytes, declared: nil, as: reference, in: name, trusted: true)
        return ServedManifest(digest: kept.digest, type: kept.content.type, bytes: remote.bytes)
      }
    } catch let error as HullError where error.code == .notFound {
      throw HullError(.manifestUnknown, "there is no manifest \(reference) in \(upstream.domain)'s repository for \(name)", cause: error)
    }
  }

  /// The download of a blob that is going on, or a new one.
  private func download(_ digest: Digest, in name: RepositoryName) async throws -> Download {
    let key = "\(name)@\(digest)"
    if let running = downloads.withLock({ $0[key] }) { return running }
    let blob = try await descriptor(digest, in: name)
    let upload = try await threads.perform { [store] () throws(HullError) in try store.startUpload(in: name, algorithm: digest.algorithm) }
    try upload.begin()
    let fresh = try Download(blob, upload)
    let download = downloads.withLock { downloads in
      if let running = downloads[key] { return running }
      downloads[key] = fresh
      return fresh
    }
    guard download === fresh else {
      upload.end()
      try await threads.perform { [store] () throws(HullError) in try store.cancel(upload) }
      return download
    }
    Task { await run(download, upload, name, key) }
    return download
  }

  /// To the end, whoever still waits: the next one who asks has it here then.
  private func run(_ download: Download, _ upload: Upload, _ name: RepositoryName, _ key: String) async {
    let result: Result<Void, HullError>
    do {
      try await upstream.repository(name).fetch(download.blob, into: DownloadTarget(upload: upload, download: download))
      try await threads.perform { [store] () throws(HullError) in try store.finish(upload, digest: download.blob.digest) }
      result = .success(())
    } catch {
      logger.warning("cannot fetch \(key) from \(upstream.domain): \(error)")
      result = .failure(error as? HullError ?? HullError(.unavailable, "cannot fetch blob \(download.blob.digest)", cause: error))
      upload.end()
      try? await threads.perform { [store] () throws(HullError) in try store.cancel(upload) }
    }
    downloads.withLock { $0[key] = nil }
    download.finish(result)
  }

  /// What the manifests that are here say about a blob: its size is part of what must be right.
  private func descriptor(_ digest: Digest, in name: RepositoryName) async throws -> Descriptor {
    try await threads.perform { [store] () throws(HullError) in
      for manifest in try store.manifests(in: name) {
        if let found = manifest.content.blobs.first(where: { $0.digest == digest }) { return found }
      }
      throw HullError(.blobUnknown, "no manifest of \(name) that was pulled through here names blob \(digest)")
    }
  }

  /// What is here, when the upstream cannot be asked.
  private func stale<Result>(_ error: HullError, _ name: RepositoryName, _ stored: () async throws -> Result) async throws -> Result {
    guard error.code != .notFound else { throw HullError(.nameUnknown, "there is no repository \(name)", cause: error) }
    logger.warning("listing what is here of \(name): \(error)")
    return try await stored()
  }
}
