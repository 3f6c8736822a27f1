// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import OCISpec
import RegistryClient
import Synchronization

/// What a registry has under a reference.
package struct RegistryContent: Sendable, Hashable {
  package let descriptor: Descriptor
  package let platforms: [Platform]
}

/// What an image's name stands for in a registry.
package struct RegistryImage: Sendable, Hashable {
  /// Of the manifest or index.
  package let target: Digest
  /// Of the image for the platform.
  package let config: ImageConfig
}

extension ImageTransfer {
  /// Looks at an image without pulling it.
  /// - Parameter platform: which image of an index; `nil`: this machine's.
  /// - Throws: `notFound`, also for a platform that there is no image for, and `invalidArgument` for an artifact.
  package func look(at reference: Reference, platform: Platform?, credentials: RegistryCredentials?) async throws -> RegistryImage {
    let repository = client.repository(reference, credentials: credentials, access: .pull)
    return try await claiming { claim in
      let walk = ManifestWalk(repository: repository, store: store.blobs, claim: claim, platform: platform)
      let tree = try await walk.tree(from: ManifestSelector(reference))
      guard let image = tree.images.first, image.artifactType == nil else {
        throw HullError(.invalidArgument, "\(reference.familiar) is an artifact, not an image")
      }
      return RegistryImage(target: tree.root.descriptor.digest, config: try await config(image.manifest.config, repository))
    }
  }

  private func config(_ descriptor: Descriptor, _ repository: Repository) async throws -> ImageConfig {
    let what = "\(repository.reference.familiar): the configuration \(descriptor.digest)"
    guard (0...BlobArrival.maximumDocument).contains(descriptor.size) else { throw HullError(.tooLarge, "\(what) has \(descriptor.size) bytes") }
    let blob = MemoryBlob(size: descriptor.size)
    try await repository.fetch(descriptor, into: blob)
    guard SHA256.digest(of: blob.bytes) == descriptor.digest else { throw HullError(.invalidArgument, "\(what) is not what it should be") }
    return try JSON.decode(blob.bytes, what)
  }

  /// Looks at a manifest or index without pulling what it names.
  package func inspect(_ reference: Reference, credentials: RegistryCredentials?) async throws -> RegistryContent {
    let repository = client.repository(reference, credentials: credentials, access: .pull)
    let remote = try await repository.manifest(ManifestSelector(reference))
    return RegistryContent(descriptor: remote.descriptor, platforms: try await platforms(of: remote, repository))
  }

  /// All tags of a repository.
  package func tags(of reference: Reference, credentials: RegistryCredentials?) async throws -> [String] {
    try await client.repository(reference, credentials: credentials, access: .pull).tags()
  }

  private func platforms(of remote: RemoteManifest, _ repository: Repository) async throws -> [Platform] {
    let what = "\(repository.reference.familiar): the manifest \(remote.descriptor.digest)"
    if MediaType.isIndex(remote.descriptor.mediaType) {
      let index: Index = try JSON.decode(remote.bytes, what)
      return index.manifests.compactMap(\.platform)
    }
    let manifest: Manifest = try JSON.decode(remote.bytes, what)
    guard MediaType.isConfig(manifest.config.mediaType), (0...BlobArrival.maximumDocument).contains(manifest.config.size) else { return [] }
    return [try await config(manifest.config, repository).platform]
  }
}

/// A small blob that comes into memory.
private final class MemoryBlob: PartialBlob {
  let size: Int64
  private let content: Mutex<(bytes: [UInt8], received: Int64)>

  init(size: Int64) {
    self.size = size
    content = Mutex(([UInt8](repeating: 0, count: Int(size)), 0))
  }

  var bytes: [UInt8] { content.withLock { $0.bytes } }

  func missing() -> [Range<Int64>] { content.withLock { $0.received < size ? [$0.received..<size] : [] } }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(HullError) {
    let fits = content.withLock { content in
      guard offset >= 0, offset + Int64(bytes.count) <= size else { return false }
      content.bytes.replaceSubrange(Int(offset)..<Int(offset) + bytes.count, with: bytes)
      content.received = max(content.received, offset + Int64(bytes.count))
      return true
    }
    guard fits else { throw HullError(.invalidArgument, "more than \(size) bytes came in") }
  }
}
