// SPDX-License-Identifier: Apache-2.0
import ContentStore
import Errors
import ImageStore
import OCISpec
import RegistryClient
import Threads

/// A manifest or index whose bytes are here.
struct Document: Sendable {
  let descriptor: Descriptor
  let bytes: [UInt8]
}

/// An image's or artifact's manifest.
struct ChosenManifest: Sendable {
  let document: Document
  let manifest: Manifest
  /// What the index says that it runs on.
  let platform: Platform?

  /// What kind of artifact it is; `nil`: it is an image.
  var artifactType: String? {
    guard manifest.artifactType != nil || !MediaType.isConfig(manifest.config.mediaType) else { return nil }
    return manifest.artifactType ?? manifest.config.mediaType
  }
}

/// What a reference leads to: one manifest, or an index and those of its manifests that are wanted.
struct ManifestTree: Sendable {
  var root: Document
  /// Indexes, the root first.
  var indexes: [Document] = []
  var images: [ChosenManifest] = []
  /// What BuildKit puts beside the images: provenance, bills of material.
  var attestations: [ChosenManifest] = []
  /// All image manifests of the indexes on the way.
  var candidates: [Descriptor] = []
}

/// Walks from a root down to the manifests that are wanted. What is in the store is not fetched.
struct ManifestWalk {
  private static let maximumDepth = 4
  private static let maximumManifests = 4096

  let repository: Repository
  let store: ContentStore
  let claim: Claim
  /// `nil`: this machine's.
  let platform: Platform?

  func tree(from selector: ManifestSelector) async throws -> ManifestTree {
    let remote = try await repository.manifest(selector)
    claim.claim(blobs: [remote.descriptor.digest])
    var tree = ManifestTree(root: Document(descriptor: remote.descriptor, bytes: remote.bytes))
    try await walk(tree.root, platform: nil, depth: 0, into: &tree)
    return tree
  }

  private func walk(_ document: Document, platform: Platform?, depth: Int, into tree: inout ManifestTree) async throws {
    guard MediaType.isIndex(document.descriptor.mediaType) else {
      tree.images.append(try chosen(document, platform))
      return
    }
    guard depth < ManifestWalk.maximumDepth else {
      throw invalid("indexes are nested more than \(ManifestWalk.maximumDepth) deep")
    }
    let index: Index = try decode(document, "the index")
    guard index.manifests.count <= ManifestWalk.maximumManifests else {
      throw HullError(.tooLarge, "\(name): an index with \(index.manifests.count) manifests (at most \(ManifestWalk.maximumManifests))")
    }
    tree.indexes.append(document)
    let (attestations, candidates) = ManifestWalk.parted(index.manifests)
    tree.candidates += candidates.filter { !MediaType.isIndex($0.mediaType) }
    let best = try choose(candidates)
    try await walk(try await fetch(best), platform: best.platform, depth: depth + 1, into: &tree)
    for attestation in attestations where attestation.annotations?[Annotation.dockerReferenceDigest] == best.digest.description {
      tree.attestations.append(try chosen(try await fetch(attestation), nil, isImage: false))
    }
  }

  private static func parted(_ descriptors: [Descriptor]) -> (attestations: [Descriptor], candidates: [Descriptor]) {
    (
      descriptors.filter { $0.annotations?[Annotation.dockerReferenceType] != nil },
      descriptors.filter { $0.annotations?[Annotation.dockerReferenceType] == nil && $0.platform?.os != "unknown" }
    )
  }

  private func choose(_ candidates: [Descriptor]) throws -> Descriptor {
    let wanted = platform ?? .host
    if candidates.count == 1, candidates[0].platform == nil { return candidates[0] }
    let ranked = candidates.compactMap { candidate in candidate.platform?.distance(to: wanted).map { (candidate, $0) } }
    if let best = ranked.min(by: { $0.1 < $1.1 })?.0 { return best }
    let offered = Set(candidates.compactMap { $0.platform?.description }).sorted().joined(separator: ", ")
    throw HullError(
      .notFound,
      "no matching manifest for \(wanted) in the manifest list entries: \(name) has \(offered.isEmpty ? "nothing that says its platform" : offered)")
  }

  /// From the store or the registry.
  private func fetch(_ descriptor: Descriptor) async throws -> Document {
    claim.claim(blobs: [descriptor.digest])
    let store = self.store
    let known = try await Blocking.run { store.size(of: descriptor.digest) == descriptor.size ? try store.read(descriptor.digest) : nil }
    if let known, MediaType.isIndex(descriptor.mediaType) || MediaType.isManifest(descriptor.mediaType) {
      return Document(descriptor: descriptor, bytes: known)
    }
    let remote = try await repository.manifest(.digest(descriptor.digest), expecting: descriptor)
    return Document(descriptor: remote.descriptor, bytes: remote.bytes)
  }

  /// - Parameter isImage: an image's layers must be layers; attestations only look like images.
  func chosen(_ document: Document, _ platform: Platform?, isImage: Bool = true) throws -> ChosenManifest {
    let manifest: Manifest = try decode(document, "the manifest")
    let chosen = ChosenManifest(document: document, manifest: manifest, platform: platform)
    for blob in [manifest.config] + manifest.layers {
      guard blob.digest.algorithm == "sha256" else { throw HullError(.unsupported, "\(name): blob \(blob.digest): only sha256 is supported") }
      guard blob.size >= 0 else { throw invalid("blob \(blob.digest) is said to have \(blob.size) bytes") }
    }
    guard manifest.layers.count <= ImageRules.maximumLayers else {
      throw invalid("\(manifest.layers.count) layers, more than \(ImageRules.maximumLayers)")
    }
    if isImage, chosen.artifactType == nil, let foreign = manifest.layers.first(where: { !MediaType.isLayer($0.mediaType) }) {
      throw HullError(.unsupported, "\(name): layer \(foreign.digest) is of unknown media type \(quoted(foreign.mediaType))")
    }
    return chosen
  }

  private func decode<Value: Decodable>(_ document: Document, _ what: String) throws -> Value {
    try JSON.decode(document.bytes, "\(name): \(what) \(document.descriptor.digest)")
  }

  private var name: String { repository.reference.familiar }

  private func invalid(_ what: String) -> HullError { HullError(.invalidArgument, "\(name): \(what)") }
}
