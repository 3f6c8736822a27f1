// SPDX-License-Identifier: Apache-2.0
import ContentStore
import Errors
import OCISpec

/// Reads an OCI image layout (OCI image specification, image layout), also as `docker save` writes it since version 25.
struct OCILayoutPlan {
  /// An index within an index within an index is as deep as anybody has a use for.
  private static let maximumDepth = 4
  private static let maximumManifests = 4096
  private let plan: ArchivePlan
  private var spool: ArchiveSpool { plan.spool }

  init(_ plan: ArchivePlan) { self.plan = plan }

  func images(_ document: [UInt8]) throws(HullError) -> [PlannedImage] {
    let index: Index = try JSON.decode(document, "index.json")
    var found: [PlannedImage] = []
    for group in groups(index.manifests) {
      for descriptor in try choose(group, depth: 0, required: true) {
        guard let image = try image(descriptor) else { continue }
        if let known = found.firstIndex(where: { $0.manifest.digest == image.manifest.digest }) {
          found[known].references += image.references.filter { !found[known].references.contains($0) }
        } else {
          found.append(image)
        }
      }
    }
    guard !found.isEmpty else { throw HullError(.invalidArgument, "archive: index.json names no image that can be loaded") }
    return found
  }

  /// Descriptors of the same name that say what they run on are one image for several platforms; the others stand for themselves.
  private func groups(_ descriptors: [Descriptor]) -> [[Descriptor]] {
    var groups: [[Descriptor]] = []
    var byName: [String: Int] = [:]
    for descriptor in descriptors where !isAttestation(descriptor) {
      let name = descriptor.annotations?[Annotation.imageName] ?? descriptor.annotations?[Annotation.refName] ?? ""
      if descriptor.platform != nil, let group = byName[name] {
        groups[group].append(descriptor)
      } else {
        if descriptor.platform != nil { byName[name] = groups.count }
        groups.append([descriptor])
      }
    }
    return groups
  }

  /// The manifest for our platform among several, indexes resolved. Names are handed down to it.
  private func choose(_ descriptors: [Descriptor], depth: Int, required: Bool) throws(HullError) -> [Descriptor] {
    guard depth < OCILayoutPlan.maximumDepth else {
      throw HullError(.invalidArgument, "archive: indexes are nested more than \(OCILayoutPlan.maximumDepth) deep, or in a circle")
    }
    guard descriptors.count <= OCILayoutPlan.maximumManifests else {
      throw HullError(.tooLarge, "archive: an index with \(descriptors.count) manifests (at most \(OCILayoutPlan.maximumManifests))")
    }
    if descriptors.count == 1, let only = descriptors.first {
      return try MediaType.isIndex(only.mediaType) ? expand(only, depth: depth) : [only]
    }
    let ranked = descriptors.compactMap { descriptor in
      descriptor.platform.flatMap { $0.distance(to: plan.platform) }.map { (descriptor, $0) }
    }
    guard let best = ranked.min(by: { $0.1 < $1.1 })?.0 else {
      let offered = descriptors.compactMap { $0.platform?.description }.joined(separator: ", ")
      throw HullError(.notFound, "archive: no image for \(plan.platform): it has \(offered.isEmpty ? "none that says its platform" : offered)")
    }
    return try choose([best], depth: depth, required: required)
  }

  private func expand(_ descriptor: Descriptor, depth: Int) throws(HullError) -> [Descriptor] {
    let index: Index = try JSON.decode(spool.read(try blob(descriptor), "the index \(descriptor.digest)"), "the index \(descriptor.digest)")
    let candidates = index.manifests.filter { !isAttestation($0) }
    guard !candidates.isEmpty else { throw HullError(.invalidArgument, "archive: the index \(descriptor.digest) names no image") }
    return try choose(candidates, depth: depth + 1, required: true).map { chosen in
      var chosen = chosen
      chosen.annotations = (chosen.annotations ?? [:]).merging(descriptor.annotations ?? [:]) { $1 }
      return chosen
    }
  }

  /// - Returns: `nil` for a manifest that is not that of an image.
  private func image(_ descriptor: Descriptor) throws(HullError) -> PlannedImage? {
    let item = try blob(descriptor)
    let what = "the manifest \(descriptor.digest)"
    let manifest: Manifest = try JSON.decode(spool.read(item, what), what)
    let type = [manifest.mediaType ?? "", descriptor.mediaType].first { !$0.isEmpty } ?? MediaType.ociManifest
    guard MediaType.isManifest(type) else { throw HullError(.invalidArgument, "archive: \(what) is of unknown media type \(quoted(type))") }
    guard manifest.artifactType == nil, manifest.config.mediaType.isEmpty || MediaType.isConfig(manifest.config.mediaType) else { return nil }
    let config = try blob(manifest.config)
    var layers: [(Descriptor, ArchiveSpool.Item)] = []
    for layer in manifest.layers {
      guard MediaType.isLayer(layer.mediaType) else {
        throw HullError(.unsupported, "archive: layer \(layer.digest) is of unknown media type \(quoted(layer.mediaType))")
      }
      layers.append((layer, try blob(layer)))
    }
    let kept = Descriptor(mediaType: type, digest: item.digest, size: item.size)
    return try plan.image(manifest: kept, manifestFile: item.file, config: config, layers: layers, references: references(descriptor))
  }

  private func blob(_ descriptor: Descriptor) throws(HullError) -> ArchiveSpool.Item {
    guard descriptor.digest.algorithm == "sha256" else {
      throw HullError(.unsupported, "archive: blob \(descriptor.digest): only sha256 is supported")
    }
    let item = try spool.require("blobs/sha256/\(descriptor.digest.hex)", namedBy: "the layout")
    guard item.digest == descriptor.digest else {
      throw HullError(.invalidArgument, "archive: blob \(descriptor.digest): wrong digest: its content is \(item.digest)")
    }
    guard item.size == descriptor.size else {
      throw HullError(.invalidArgument, "archive: blob \(descriptor.digest) has \(item.size) bytes, but its descriptor says \(descriptor.size)")
    }
    return item
  }

  /// The whole name where a tool wrote one; a bare tag says nothing about the repository and is left out.
  private func references(_ descriptor: Descriptor) throws(HullError) -> [Reference] {
    if let name = descriptor.annotations?[Annotation.imageName] { return [try Reference(name).withDefaultTag] }
    guard let name = descriptor.annotations?[Annotation.refName], name.contains(":") || name.contains("/"),
      let reference = try? Reference(name), reference.digest == nil
    else { return [] }
    return [reference.withDefaultTag]
  }

  private func isAttestation(_ descriptor: Descriptor) -> Bool { descriptor.annotations?[Annotation.dockerReferenceType] != nil }
}
