// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import NIOPosix
import OCISpec
import RegistryStore
import Synchronization

/// The images of an engine on this machine, served from the engine's own files: there is no second copy.
///
/// Names come from its API: `busybox` stays `busybox`, `localhost:5000/a` becomes `localhost_5000/a`, since names here have no colon.
final class EngineProvider: ContentProvider {
  private struct Entry: Sendable {
    let reference: String
    let tag: String
  }

  private struct Known: Sendable {
    let names: [RepositoryName: [Entry]]
    let root: String
    let until: Int64
  }

  /// What a repository's manifests name, and what they are.
  private struct Reach: Sendable {
    var manifests: [Digest: Descriptor] = [:]
    var blobs: [Digest: Descriptor] = [:]
    var until: Int64
  }

  /// Seconds that the engine's word is good for.
  private static let lifetime: Int64 = 2
  private let prefix: String
  private let engine: EngineClient
  private let threads: NIOThreadPool
  private let known = Mutex<Known?>(nil)
  private let reaches = TwoGenerations<Reach>(capacity: 1000)

  /// - Parameter prefix: of the names here; empty: none.
  init(_ engine: EngineClient, prefix: String, threads: NIOThreadPool) {
    self.engine = engine
    self.prefix = prefix
    self.threads = threads
  }

  let isWritable = false

  func owns(_ name: RepositoryName) -> Bool { prefix.isEmpty || name.description.hasPrefix(prefix + "/") }

  func manifest(_ reference: ManifestReference, in name: RepositoryName) async throws -> ServedManifest {
    let digest: Digest
    switch reference {
    case .tag(let tag):
      guard let entry = try await entries(name).first(where: { $0.tag == tag }) else { throw unknown(reference, name) }
      digest = try await engine.image(entry.reference).descriptor.digest
    case .digest(let asked):
      guard try await reach(name).manifests[asked] != nil else { throw unknown(reference, name) }
      digest = asked
    }
    let bytes = try await read(digest, limit: 4 << 20)
    return ServedManifest(digest: digest, type: try ManifestContent(bytes).type, bytes: bytes, expires: Clock.seconds + Self.lifetime)
  }

  func blob(_ digest: Digest, in name: RepositoryName) async throws -> ServedBlob {
    _ = try await blobSize(digest, in: name)
    let (file, size) = try await open(digest)
    return .file(HotFile(descriptor: file, size: size))
  }

  func blobSize(_ digest: Digest, in name: RepositoryName) async throws -> Int64 {
    guard let blob = try await reach(name).blobs[digest] else { throw HullError(.blobUnknown, "blob \(digest) is not in repository \(name)") }
    return blob.size
  }

  func smallBlob(_ digest: Digest, in name: RepositoryName) async throws -> [UInt8] {
    _ = try await blobSize(digest, in: name)
    return try await read(digest, limit: 4 << 20)
  }

  func tags(in name: RepositoryName, after last: String?, limit: Int) async throws -> (tags: [String], more: Bool) {
    let entries = try await entries(name)
    guard !entries.isEmpty else { throw HullError(.nameUnknown, "there is no repository \(name)") }
    let tags = entries.map(\.tag).filter { tag in last.map { $0 < tag } ?? true }.sorted()
    return (Array(tags.prefix(limit)), tags.count > limit)
  }

  func referrers(
    of subject: Digest, in name: RepositoryName, artifactType: String?, after last: Digest?, limit: Int
  ) async throws -> (descriptors: [Descriptor], more: Bool) { ([], false) }

  func repositories() async throws -> [RepositoryName] { try await look().names.keys.sorted() }

  func tagTimes(in name: RepositoryName) async throws -> [String: Int64] {
    var times: [String: Int64] = [:]
    for entry in try await entries(name) { times[entry.tag] = try? await engine.image(entry.reference).tagged }
    return times
  }

  private func entries(_ name: RepositoryName) async throws -> [Entry] { try await look().names[name] ?? [] }

  private func look() async throws -> Known {
    if let known = known.withLock({ $0 }), known.until > Clock.seconds { return known }
    var names: [RepositoryName: [Entry]] = [:]
    for text in try await engine.names() {
      guard let colon = text.lastIndex(of: ":"), !text[colon...].contains("/") else { continue }
      let path = text[..<colon].map { $0 == ":" ? "_" : String($0).lowercased() }.joined()
      guard let name = try? RepositoryName(prefix.isEmpty ? path : "\(prefix)/\(path)") else { continue }
      names[name, default: []].append(Entry(reference: text, tag: String(text[text.index(after: colon)...])))
    }
    let fresh = Known(names: names, root: try await engine.root(), until: Clock.seconds + Self.lifetime)
    known.withLock { $0 = fresh }
    return fresh
  }

  /// Everything that may be read through a repository: its tags' manifests, what indexes among them name, and the blobs of all.
  private func reach(_ name: RepositoryName) async throws -> Reach {
    if let reach = reaches.find(name.description), reach.until > Clock.seconds { return reach }
    var reach = Reach(until: Clock.seconds + Self.lifetime)
    var waiting: [Descriptor] = []
    for entry in try await entries(name) { waiting.append(try await engine.image(entry.reference).descriptor) }
    while let next = waiting.popLast() {
      guard reach.manifests.updateValue(next, forKey: next.digest) == nil, let bytes = try? await read(next.digest, limit: 4 << 20),
        let content = try? ManifestContent(bytes)
      else { continue }
      waiting += content.manifests ?? []
      for blob in content.blobs { reach.blobs[blob.digest] = blob }
    }
    reaches.insert(reach, for: name.description)
    return reach
  }

  private func read(_ digest: Digest, limit: Int) async throws -> [UInt8] {
    let (number, _) = try await open(digest)
    return try await threads.perform { () throws(HullError) in
      let file = OwnedDescriptor(number)
      return try step("cannot read blob \(digest)") { () throws(SystemError) in try Files.readAll(file.number, limit: limit) }
    }
  }

  /// A file of the engine's. The caller closes it.
  private func open(_ digest: Digest) async throws -> (descriptor: Int32, size: Int64) {
    let path = "\(try await look().root)/content/blobs/\(digest.algorithm)/\(digest.hex)"
    return try await threads.perform { () throws(HullError) in try Self.open(path, digest) }
  }

  private static func open(_ path: String, _ digest: Digest) throws(HullError) -> (descriptor: Int32, size: Int64) {
    do {
      let file = try Files.open(path, O_RDONLY | O_NOFOLLOW)
      let size = Int64(try Files.status(of: file.number).st_size)
      return (file.take(), size)
    } catch {
      throw HullError(.blobUnknown, "the engine does not keep blob \(digest) as it was pushed: \(error.reason)")
    }
  }

  private func unknown(_ reference: ManifestReference, _ name: RepositoryName) -> HullError {
    HullError(.manifestUnknown, "there is no manifest \(reference) in repository \(name)")
  }
}
