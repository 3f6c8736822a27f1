// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import ImageStore
import OCISpec
import Threads

extension Engine {
  /// `GET /images/json`.
  /// - Parameter variants: also images for other platforms that share a name with one for this machine.
  package func listImages(
    all: Bool, filters: Filters, digests: Bool, sharedSize: Bool, manifests: Bool = false, variants: Bool = false
  ) async throws -> [ImageSummary] {
    var filter = try ImageFilterForm.filter(filters)
    filter.all = all
    filter.variants = variants
    let images = services.images
    let wanted = filter
    let records = try await Blocking.run { try images.list(wanted) }
    let used = Dictionary(services.registry.all.map { ($0.view.record.definition.imageID, Int64(1)) }, uniquingKeysWith: +)
    var summaries = records.map { ImageForm.summary($0, containers: used[$0.id.description] ?? 0) }
    if sharedSize {
      let sizes = try await Blocking.run { try images.sharedSizes() }
      for (index, record) in records.enumerated() { summaries[index].sharedSize = sizes[record.id] ?? 0 }
    }
    if manifests { for (index, record) in records.enumerated() { summaries[index].manifests = try await self.manifests(of: record) } }
    return summaries
  }

  /// `GET /images/{name}/json`.
  /// - Parameter platform: JSON, as the query has it.
  package func inspectImage(_ name: String, platform: String?, manifests: Bool) async throws -> ImageInspect {
    let record = try await services.lookup.find(name, platform: try RegistryForm.platform(json: platform))
    var inspect = ImageForm.inspect(record)
    if manifests { inspect.manifests = try await self.manifests(of: record) }
    return inspect
  }

  /// `GET /images/{name}/history`.
  /// - Parameter platform: JSON, as the query has it.
  package func imageHistory(_ name: String, platform: String?) async throws -> [ImageHistoryItem] {
    let (images, wanted) = (services.images, try RegistryForm.platform(json: platform))
    return try await Blocking.run { try images.history(name, platform: wanted) }.map(ImageForm.history)
  }

  /// The images of the index that an image's names stand for, and what stands beside them; of none, the image alone.
  func manifests(of record: ImageRecord) async throws -> [ManifestSummary] {
    let images = services.images
    let variants = try await Blocking.run { try images.variants(of: record) }
    let holders = Dictionary(grouping: services.registry.all.map(\.view.record), by: \.definition.imageID)
    return variants.map { variant in ImageForm.manifest(variant, containers: (holders[variant.image?.description ?? ""] ?? []).map(\.id)) }
  }

  /// `POST /images/{name}/tag`.
  package func tagImage(_ name: String, repository: String, tag: String) async throws {
    guard let target = try ImageForm.reference(repository, tag) else { throw HullError(.invalidArgument, "invalid reference format") }
    guard target.digest == nil else { throw HullError(.invalidArgument, "refusing to create a tag with a digest reference") }
    let id = try await change { try $0.tag(name, as: target) }
    imageEvent("tag", id: id.description, name: target.familiar)
  }

  /// `DELETE /images/{name}`.
  package func removeImage(_ name: String, force: Bool, noPrune: Bool) async throws -> [ImageDeleteItem] {
    let id = try await services.lookup.find(name).id
    let registry = services.registry
    let removals = try await change { try $0.remove(name, force: force, prune: !noPrune) { Engine.holders(of: $0, in: registry) } }
    services.events.publish(removals, of: id)
    return removals.map(ImageForm.item)
  }

  /// `POST /images/prune`.
  package func pruneImages(filters: Filters) async throws -> ImagesPruneReport {
    try filters.validate(accepted: ["dangling", "label", "label!", "until"])
    var filter = ImageFilter()
    filter.dangling = try filters.bool("dangling", default: true)
    filter.labels = filters["label"]
    filter.notLabels = filters["label!"]
    filter.until = try PruneTime.parse(filters)
    let (wanted, registry) = (filter, services.registry)
    let (removals, reclaimed) = try await change { try $0.prune(wanted) { Engine.holders(of: $0, in: registry) } }
    for case .deletedImage(let id) in removals { imageEvent("delete", id: id.description, name: id.description) }
    services.events.publish("image", "prune", id: "", attributes: ["reclaimed": String(reclaimed)])
    var report = ImagesPruneReport()
    report.imagesDeleted = removals.isEmpty ? nil : removals.map(ImageForm.item)
    report.spaceReclaimed = reclaimed
    return report
  }

  /// `POST /images/load`: reads an archive from a descriptor, which stays the caller's.
  /// - Parameter platform: JSON, as the query has it.
  package func loadImages(from descriptor: Int32, quiet: Bool, platform: String?, progress: @escaping ProgressSink) async throws {
    let wanted = try RegistryForm.platform(json: platform)
    let loaded = try await change(streaming: true) { images in
      try images.load(from: descriptor, platform: wanted) { layer in if !quiet { progress(ImageForm.progress(layer)) } }
    }
    for image in loaded {
      var message = ProgressMessage()
      message.stream = image.message + "\n"
      progress(message)
      imageEvent("load", id: image.id.description, name: image.reference?.familiar ?? image.id.description)
    }
    await services.disk.enforce()
  }

  /// `GET /images/get`: writes an archive to a descriptor, which stays the caller's. Fails before the first byte when an image is not there.
  /// - Parameter platform: JSON, as the query has it.
  package func saveImages(_ names: [String], platform: String?, to descriptor: Int32) async throws {
    let (images, wanted) = (services.images, try RegistryForm.platform(json: platform))
    try await Blocking.stream { try images.save(names, platform: wanted, to: descriptor) }
    for name in names { if let id = try? await services.lookup.find(name).id { imageEvent("save", id: id.description, name: name) } }
  }

  /// Changes images; what is remembered of names is forgotten before and after.
  func change<Result: Sendable>(
    streaming: Bool = false, _ body: @escaping @Sendable (ImageStore) throws -> Result
  ) async throws -> Result {
    let (images, lookup) = (services.images, services.lookup)
    defer { lookup.forget() }
    lookup.forget()
    return try await streaming ? Blocking.stream { try body(images) } : Blocking.run { try body(images) }
  }

  static func holders(of image: ImageID, in registry: ContainerRegistry) -> [ImageHolder] {
    registry.all.map(\.view).filter { $0.record.definition.uses(image) }.map { ImageHolder(id: $0.record.id, running: $0.isRunning) }
  }

  func imageEvent(_ action: String, id: String, name: String) {
    services.events.publish("image", action, id: id, attributes: ["name": name])
  }
}

extension ContainerDefinition {
  /// Whether the container was made from an image or mounts it.
  fileprivate func uses(_ image: ImageID) -> Bool {
    imageID == image.description || mounts.contains { $0.imageID == image.description }
  }
}
