// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import OCISpec

/// Images of a build as one output wants them. Blocking.
struct ImageExport: Sendable {
  let request: BuildRequest
  let options: ImageOutput
  let attestations: ImageAttestations
  let store: BuildStore
  /// It goes to a registry or into an archive, compressed unless another form is wanted.
  let goesOut: Bool

  /// An annotation of layers, as BuildKit has it: up to which time.
  private static let rewritten = "buildkit/rewritten-timestamp"

  /// Names with tags.
  func names() throws(HullError) -> [Reference] {
    var names = request.tags.map(\.withDefaultTag)
    for name in options.names {
      let reference = try Reference(name).withDefaultTag
      if !names.contains(reference) { names.append(reference) }
    }
    return names
  }

  /// Names by digest that are wanted besides.
  func canonicalNames(_ target: Digest) throws(HullError) -> [Reference] {
    let names = try names()
    var canonical = options.isCanonical ? names.map { $0.with(digest: target) } : []
    if let prefix = options.danglingPrefix, names.isEmpty || !options.isDanglingOnly {
      canonical.append(try Reference(prefix).with(digest: target))
    }
    return canonical
  }

  /// Makes the documents of the images.
  func content(of images: [BuiltImage]) throws(HullError) -> BuiltContent {
    var requests: [BuiltImageRequest] = []
    for image in images { requests.append(try built(image, among: images.count)) }
    let annotations = self.annotations
    let isAttested = requests.contains { $0.attestations != nil }
    try annotations.check(platforms: images.map(\.platform), hasIndex: images.count > 1 || isAttested)
    if isAttested, options.usesDockerTypes {
      throw HullError(.invalidArgument, "cannot export attestations with \"oci-mediatypes=false\"")
    }
    var index = BuiltIndexRequest()
    (index.annotations, index.descriptorAnnotations) = (annotations.values(.index), annotations.values(.indexDescriptor))
    return try store.prepare(requests, index)
  }

  /// Only documents have to be made of images: no layer is written anew, nothing is said of their files.
  func isLight(_ images: [BuiltImage]) -> Bool {
    let form = form(inIndex: images.count > 1)
    return attestations.options.packages == nil && attestations.options.provenance == nil && !options.rewritesTimestamps
      && !images.contains { $0.fileSystem.layers.contains { form.changes($0.descriptor) } }
  }

  private var annotations: ImageAnnotations {
    var annotations = request.annotations
    annotations.merge(options.annotations)
    return annotations
  }

  private func built(_ image: BuiltImage, among count: Int) throws(HullError) -> BuiltImageRequest {
    var (config, fileSystem) = (image.config, image.fileSystem)
    let epoch = options.epoch.seconds(of: request)
    if let epoch { config.limitTimes(to: epoch, inherited: image.inheritedHistory) }
    if options.rewritesTimestamps, let epoch {
      fileSystem = try store.clamped(fileSystem, latest: epoch, above: image.inherited)
      config.rootfs.diffIDs = fileSystem.infos.map(\.diffID)
    }
    let predicates = try attestations.predicates(of: image)
    var descriptors = try store.formed(fileSystem.layers.map(\.descriptor), as: form(inIndex: count > 1 || !predicates.isEmpty))
    if options.rewritesTimestamps, let epoch, !options.usesDockerTypes {
      for index in descriptors.indices.dropFirst(image.inherited) {
        descriptors[index].annotations = (descriptors[index].annotations ?? [:]).merging([Self.rewritten: String(epoch)]) { $1 }
      }
    }
    var built = BuiltImageRequest(config: config, layers: fileSystem.infos, descriptors: descriptors)
    built.annotations = annotations.values(.manifest, for: image.platform)
    built.descriptorAnnotations = annotations.values(.manifestDescriptor, for: image.platform)
    built.usesDockerTypes = options.usesDockerTypes
    built.attestsInArtifact = options.attestsInArtifact
    if !predicates.isEmpty { built.attestations = try statements(predicates, image.platform) }
    return built
  }

  /// What an index points at is never changed: its layers are compressed at once, an image's when it is pushed.
  private func form(inIndex: Bool) -> LayerForm {
    var form = LayerForm()
    form.compression = options.compression ?? (goesOut || inIndex ? .gzip : nil)
    (form.level, form.isForced, form.usesDockerTypes) = (options.compressionLevel, options.forceCompression, options.usesDockerTypes)
    return form
  }

  /// Statements name the image by all its names, or as `_`.
  private func statements(_ predicates: [Predicate], _ platform: Platform) throws(HullError) -> Attesting {
    let urls = try names().map { PackageURL($0, platform: platform).description }
    return { (manifest) throws(HullError) in
      let subjects = (urls.isEmpty ? ["_"] : urls).map { StatementSubject(name: $0, digest: manifest.digest) }
      return try predicates.map { (predicate) throws(HullError) in
        Attestation(predicateType: predicate.type, statement: try predicate.statement(subjects))
      }
    }
  }
}
