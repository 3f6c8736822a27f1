// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import OCISpec
import RegistryStore

/// Reads repositories as the hub shows them. What was read is remembered until the repository changes.
struct HubReader: Sendable {
  private struct Remembered: Sendable {
    let generation: Int
    let summary: RepositorySummary
  }

  /// So many manifests of an index are looked into.
  private static let variants = 32
  let api: RegistryAPI
  private let summaries = TwoGenerations<Remembered>(capacity: 20_000)

  init(_ api: RegistryAPI) { self.api = api }

  func summary(_ name: RepositoryName) async -> RepositorySummary {
    let generation = api.store.generation(of: name)
    if let known = summaries.find(name.description), known.generation == generation { return known.summary }
    let summary = await read(name)
    summaries.insert(Remembered(generation: generation, summary: summary), for: name.description)
    return summary
  }

  private static func seconds(_ nanoseconds: Int64) -> Int64 { nanoseconds / 1_000_000_000 }

  func tags(_ name: RepositoryName) async throws -> [TagSummary] {
    let provider = api.provider(of: name).atHand
    let times = try await provider.tagTimes(in: name)
    var list: [TagSummary] = []
    for tag in try await provider.tags(in: name, after: nil, limit: 1000).tags {
      guard let manifest = try? await provider.manifest(.tag(tag), in: name), let shape = try? await shape(manifest, name, provider) else { continue }
      list.append(
        TagSummary(tag: tag, digest: manifest.digest.description, platforms: shape.platforms, size: shape.size, updated: times[tag].map(Self.seconds))
      )
    }
    return list.sorted { (times[$0.tag] ?? 0, $1.tag) > (times[$1.tag] ?? 0, $0.tag) }
  }

  func detail(_ reference: ManifestReference, _ name: RepositoryName) async throws -> ImageDetail {
    let provider = api.provider(of: name)
    let manifest = try await provider.manifest(reference, in: name)
    let content = try ManifestContent(manifest.bytes)
    var variants: [ImageDetail.Variant] = []
    if content.isIndex {
      for entry in (content.manifests ?? []).filter(\.isImage).prefix(Self.variants) {
        guard let child = try? await provider.manifest(.digest(entry.digest), in: name) else { continue }
        variants.append(try await variant(child, entry.platform, name, provider))
      }
    } else {
      variants.append(try await variant(manifest, nil, name, provider))
    }
    let referrers = try await provider.referrers(of: manifest.digest, in: name, artifactType: nil, after: nil, limit: 100).descriptors
    var updated: Int64?
    if case .tag(let tag) = reference { updated = try await provider.tagTimes(in: name)[tag].map(Self.seconds) }
    return ImageDetail(
      name: name.description, reference: reference.description, digest: manifest.digest.description, mediaType: manifest.type,
      description: Self.description(content.annotations, variants.first?.labels), updated: updated, annotations: content.annotations ?? [:],
      variants: variants,
      referrers: referrers.map { descriptor in
        ImageDetail.Referrer(
          digest: descriptor.digest.description, artifactType: descriptor.artifactType ?? "", size: descriptor.size,
          annotations: descriptor.annotations ?? [:])
      })
  }

  private func read(_ name: RepositoryName) async -> RepositorySummary {
    let provider = api.provider(of: name).atHand
    let times = (try? await provider.tagTimes(in: name)) ?? [:]
    let tags = (try? await provider.tags(in: name, after: nil, limit: .max).tags) ?? []
    let newest = tags.max { (times[$0] ?? 0, $0) < (times[$1] ?? 0, $1) }
    var description = ""
    var shape: (platforms: [String], size: Int64)?
    if let newest, let manifest = try? await provider.manifest(.tag(newest), in: name) {
      shape = try? await self.shape(manifest, name, provider)
      description = await self.description(manifest, name, provider)
    }
    return RepositorySummary(
      name: name.description, description: description, tags: tags.count, newest: newest, updated: newest.flatMap { times[$0] }.map(Self.seconds),
      platforms: shape?.platforms ?? [], size: shape?.size)
  }

  /// Platforms, and the bytes of the first.
  private func shape(_ manifest: ServedManifest, _ name: RepositoryName, _ provider: any ContentProvider) async throws -> (
    platforms: [String], size: Int64
  ) {
    let content = try ManifestContent(manifest.bytes)
    guard content.isIndex else {
      let config = try? await config(content, name, provider)
      return (config.map { [$0.platform.description] } ?? [], content.size)
    }
    let entries = (content.manifests ?? []).filter(\.isImage)
    var size: Int64 = 0
    if let first = entries.first, let child = try? await provider.manifest(.digest(first.digest), in: name) {
      size = try ManifestContent(child.bytes).size
    }
    return (entries.compactMap { $0.platform?.description }, size)
  }

  private func description(_ manifest: ServedManifest, _ name: RepositoryName, _ provider: any ContentProvider) async -> String {
    guard let content = try? ManifestContent(manifest.bytes) else { return "" }
    let own = Self.description(content.annotations, nil)
    guard own.isEmpty else { return own }
    if let first = content.manifests?.first(where: \.isImage), let child = try? await provider.manifest(.digest(first.digest), in: name) {
      return await self.description(child, name, provider)
    }
    return Self.description(nil, try? await config(content, name, provider)?.config.labels)
  }

  private func variant(
    _ manifest: ServedManifest, _ platform: Platform?, _ name: RepositoryName, _ provider: any ContentProvider
  ) async throws -> ImageDetail.Variant {
    let content = try ManifestContent(manifest.bytes)
    let config = try? await config(content, name, provider)
    let process = config?.config
    return ImageDetail.Variant(
      platform: (platform ?? config?.platform)?.description ?? content.referrerType ?? "", digest: manifest.digest.description, size: content.size,
      created: config?.created, author: config?.author, command: process?.command ?? [], entrypoint: process?.entrypoint ?? [],
      workingDirectory: process?.workingDirectory ?? "", user: process?.user ?? "",
      environment: (process?.environment ?? []).map { String($0.prefix { $0 != "=" }) }, ports: (process?.exposedPorts ?? []).sorted(),
      volumes: (process?.volumes ?? []).sorted(), labels: process?.labels ?? [:], layers: Self.layers(content, config))
  }

  /// The configuration of an image; nil for other artifacts.
  private func config(_ content: ManifestContent, _ name: RepositoryName, _ provider: any ContentProvider) async throws -> ImageConfig? {
    guard let descriptor = content.config, MediaType.isConfig(descriptor.mediaType), descriptor.size <= 4 << 20 else { return nil }
    let bytes = try await provider.smallBlob(descriptor.digest, in: name)
    return try? JSONDecoder().decode(ImageConfig.self, from: Data(bytes))
  }

  /// Layers with the steps that made them; steps without a layer between them.
  private static func layers(_ content: ManifestContent, _ config: ImageConfig?) -> [ImageDetail.Layer] {
    var left = (content.layers ?? [])[...]
    var rows: [ImageDetail.Layer] = []
    for step in config?.history ?? [] {
      let layer = step.emptyLayer == true ? nil : left.popFirst()
      rows.append(row(layer, step))
    }
    return rows + left.map { row($0, nil) }
  }

  private static func row(_ layer: Descriptor?, _ step: ImageConfig.History?) -> ImageDetail.Layer {
    ImageDetail.Layer(
      digest: layer?.digest.description, size: layer?.size ?? 0, mediaType: layer?.mediaType, instruction: step?.createdBy, created: step?.created)
  }

  private static func description(_ annotations: [String: String]?, _ labels: [String: String]?) -> String {
    for key in ["org.opencontainers.image.description", "org.opencontainers.image.title"] {
      for place in [annotations, labels] {
        if let text = place?[key], !text.isEmpty { return String(text.prefix(500)) }
      }
    }
    return ""
  }
}

extension ManifestContent {
  /// Bytes to pull: configuration and layers.
  fileprivate var size: Int64 { blobs.reduce(0) { $0.addingReportingOverflow($1.size).partialValue } }
}

extension Descriptor {
  /// An image for a platform, not what BuildKit puts beside one.
  fileprivate var isImage: Bool { annotations?[Annotation.dockerReferenceType] == nil && platform?.os != "unknown" }
}
