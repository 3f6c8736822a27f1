// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import ImageStore
import OCISpec

/// Images as the API shows them.
enum ImageForm {
  /// A repository with a tag or digest beside it; `nil` without a repository.
  static func reference(_ repository: String, _ tag: String) throws(HullError) -> Reference? {
    guard !repository.isEmpty else { return nil }
    let reference = try Reference(repository)
    if tag.isEmpty { return reference.withDefaultTag }
    if tag.contains(":") { return reference.with(digest: try Digest(tag)) }
    return try reference.with(tag: tag)
  }

  /// What a pull asks for: like `reference`, but without a tag it is the whole repository.
  static func pulled(_ repository: String, _ tag: String) throws(HullError) -> Reference {
    let reference = try Reference(repository)
    if tag.isEmpty { return reference }
    if tag.contains(":") { return reference.with(digest: try Digest(tag)) }
    return try reference.with(tag: tag)
  }

  static func summary(_ image: ImageRecord, containers: Int64) -> ImageSummary {
    var summary = ImageSummary()
    summary.id = image.id.description
    summary.parentID = image.parent?.description ?? ""
    summary.repoTags = image.tags.map(\.familiar)
    summary.repoDigests = image.digests.map(\.familiar)
    summary.created = created(image) / 1_000_000_000
    summary.size = image.size
    summary.sharedSize = -1
    summary.labels = image.labels.isEmpty ? nil : image.labels
    summary.containers = containers
    return summary
  }

  static func inspect(_ image: ImageRecord) -> ImageInspect {
    var inspect = ImageInspect()
    let config = image.config
    inspect.id = image.id.description
    inspect.descriptor = descriptor(image.manifest)
    inspect.repoTags = image.tags.map(\.familiar)
    inspect.repoDigests = image.digests.map(\.familiar)
    inspect.parent = image.parent?.description ?? ""
    inspect.comment = config.comment ?? ""
    inspect.created = config.created
    inspect.dockerVersion = config.dockerVersion ?? ""
    inspect.author = config.author ?? ""
    inspect.config = self.config(config.config)
    inspect.architecture = config.architecture
    inspect.variant = config.variant ?? ""
    inspect.os = config.os
    inspect.osVersion = config.osVersion ?? ""
    inspect.size = image.size
    inspect.graphDriver.name = storageDriver
    inspect.rootFS.type = "layers"
    inspect.rootFS.layers = image.diffIDs.map(\.description)
    inspect.metadata.lastTagTime = Timestamp.text(image.tagged ?? 0)
    return inspect
  }

  static func config(_ config: ProcessConfig) -> ImageConfigInfo {
    var info = ImageConfigInfo()
    info.user = config.user ?? ""
    info.exposedPorts = Dictionary(uniqueKeysWithValues: (config.exposedPorts ?? []).map { ($0, Empty()) })
    info.env = config.environment
    info.entrypoint = config.entrypoint
    info.cmd = config.command
    info.volumes = Dictionary(uniqueKeysWithValues: (config.volumes ?? []).map { ($0, Empty()) })
    info.workingDir = config.workingDirectory ?? ""
    info.onBuild = config.onBuild ?? []
    info.labels = config.labels
    info.stopSignal = config.stopSignal ?? ""
    info.shell = config.shell ?? []
    info.argsEscaped = config.argsEscaped ?? false
    if let check = config.healthcheck {
      var health = HealthConfig()
      health.test = check.test ?? []
      health.interval = check.interval ?? 0
      health.timeout = check.timeout ?? 0
      health.startPeriod = check.startPeriod ?? 0
      health.startInterval = check.startInterval ?? 0
      health.retries = check.retries ?? 0
      info.healthcheck = health
    }
    return info
  }

  static func history(_ line: HistoryLine) -> ImageHistoryItem {
    var item = ImageHistoryItem()
    item.id = line.id
    item.created = line.created
    item.createdBy = line.createdBy
    item.comment = line.comment
    item.tags = line.tags.isEmpty ? nil : line.tags
    item.size = line.size
    return item
  }

  /// One line of `docker images --tree`.
  static func manifest(_ variant: ImageVariant, containers: [String]) -> ManifestSummary {
    var summary = ManifestSummary()
    summary.id = variant.manifest.digest.description
    summary.descriptor = descriptor(variant.manifest)
    summary.available = variant.isHere
    (summary.size.content, summary.size.total) = (variant.contentSize, variant.contentSize + variant.unpackedSize)
    switch variant.kind {
    case .image:
      summary.kind = "image"
      var data = ManifestImage()
      data.platform = variant.platform.map(RegistryForm.platform) ?? PlatformInfo()
      data.containers = containers
      data.size.unpacked = variant.unpackedSize
      summary.imageData = data
    case .attestation(let subject):
      summary.kind = "attestation"
      summary.attestationData = ManifestAttestation()
      summary.attestationData?.for = subject?.description ?? ""
    case .unknown: summary.kind = "unknown"
    }
    return summary
  }

  static func progress(_ layer: LayerProgress) -> ProgressMessage {
    var message = ProgressMessage()
    message.status = "Loading layer"
    message.id = layer.diffID.short
    message.progressDetail = ProgressDetail()
    message.progressDetail?.current = layer.current
    message.progressDetail?.total = layer.total
    return message
  }

  static func item(_ removal: Removal) -> ImageDeleteItem {
    var item = ImageDeleteItem()
    switch removal {
    case .untagged(let name): item.untagged = name
    case .deletedImage(let id): item.deleted = id.description
    case .deletedLayer(let id): item.deleted = id.description
    }
    return item
  }

  /// Nanoseconds since 1970; 0 when the image does not say.
  static func created(_ image: ImageRecord) -> Int64 { image.config.created.flatMap { Timestamp.parse(Array($0.utf8)) } ?? 0 }

  static func descriptor(_ descriptor: Descriptor) -> DescriptorInfo {
    var info = DescriptorInfo()
    info.mediaType = descriptor.mediaType
    info.digest = descriptor.digest.description
    info.size = descriptor.size
    info.platform = descriptor.platform.map(RegistryForm.platform)
    return info
  }
}

/// The filters of image lists.
enum ImageFilterForm {
  static func filter(_ filters: Filters) throws(HullError) -> ImageFilter {
    try filters.validate(accepted: ["before", "dangling", "label", "label!", "reference", "since", "until"])
    var filter = ImageFilter()
    if filters.contains("dangling") { filter.dangling = try filters.bool("dangling", default: false) }
    filter.labels = filters["label"]
    filter.notLabels = filters["label!"]
    filter.references = filters["reference"]
    filter.before = filters["before"]
    filter.since = filters["since"]
    filter.until = try PruneTime.parse(filters)
    return filter
  }
}
