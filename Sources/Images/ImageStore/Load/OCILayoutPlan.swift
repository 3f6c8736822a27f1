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

  func content(_ document: [UInt8]) throws(HullError) -> ArchiveContent {
    let index: Index = try JSON.decode(document, "index.json")
    var content = ArchiveContent()
    for group in groups(index.manifests) {
      let (descriptors, index) = try members(group)
      for descriptor in descriptors { try add(descriptor, of: index, to: &content) }
    }
    guard !content.images.isEmpty else { throw HullError(.invalidArgument, "archive: index.json names no image that can be loaded") }
    return content
  }

  private func add(_ descriptor: Descriptor, of index: PlannedIndex?, to content: inout ArchiveContent) throws(HullError) {
    let document = try OCIManifestPlan(plan).read(descriptor)
    if let referrer = document.referrer {
      content.referrers.append(referrer)
    } else if let known = content.images.firstIndex(where: { $0.manifest.digest == descriptor.digest }) {
      content.images[known].references += document.references.filter { !content.images[known].references.contains($0) }
    } else if var image = try document.image() {
      image.index = index
      content.images.append(image)
    }
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

  /// What a group stands for: with an index all of its images that are in the archive, or the one that is wanted. Names are handed down.
  private func members(_ group: [Descriptor]) throws(HullError) -> ([Descriptor], PlannedIndex?) {
    guard group.count == 1, let only = group.first, MediaType.isIndex(only.mediaType) else { return ([try choose(group)], nil) }
    let item = try plan.spool.blob(only)
    var index = PlannedIndex(descriptor: only, files: [(item.file, only.digest)], images: [])
    index.descriptor.annotations = nil
    let images = try expand(only, item, depth: 0, &index)
    let wanted = plan.platform == nil ? images : [try choose(images)]
    return (wanted.map { $0.named(as: only) }, index)
  }

  /// The images of an index that are in the archive.
  private func expand(
    _ descriptor: Descriptor, _ item: ArchiveSpool.Item, depth: Int, _ index: inout PlannedIndex
  ) throws(HullError) -> [Descriptor] {
    let what = "the index \(descriptor.digest)"
    guard depth < OCILayoutPlan.maximumDepth else {
      throw HullError(.invalidArgument, "archive: indexes are nested more than \(OCILayoutPlan.maximumDepth) deep, or in a circle")
    }
    let document: Index = try JSON.decode(spool.read(item, what), what)
    guard document.manifests.count <= OCILayoutPlan.maximumManifests else {
      throw HullError(.tooLarge, "archive: an index with \(document.manifests.count) manifests (at most \(OCILayoutPlan.maximumManifests))")
    }
    let candidates = document.manifests.filter { !isAttestation($0) }
    guard !candidates.isEmpty else { throw HullError(.invalidArgument, "archive: \(what) names no image") }
    var images: [Descriptor] = []
    for candidate in candidates where try spool.holds(candidate) {
      if MediaType.isIndex(candidate.mediaType) {
        let inner = try spool.blob(candidate)
        index.files.append((inner.file, candidate.digest))
        images += try expand(candidate, inner, depth: depth + 1, &index)
      } else {
        images.append(candidate)
        if let platform = candidate.platform { index.images.append((candidate.digest, platform)) }
      }
    }
    for attestation in document.manifests.filter(isAttestation) where try spool.holds(attestation) {
      index.files += try OCIManifestPlan(plan).read(attestation).files
    }
    return images.isEmpty ? [try choose(candidates)] : images
  }

  /// The manifest for our platform among several.
  private func choose(_ descriptors: [Descriptor]) throws(HullError) -> Descriptor {
    if descriptors.count == 1, let only = descriptors.first, only.platform == nil || plan.platform == nil { return only }
    let wanted = plan.platform ?? .host
    let ranked = descriptors.compactMap { descriptor in
      descriptor.platform.flatMap { $0.distance(to: wanted) }.map { (descriptor, $0) }
    }
    if let best = ranked.min(by: { $0.1 < $1.1 })?.0 { return best }
    let offered = descriptors.compactMap { $0.platform?.description }.joined(separator: ", ")
    throw HullError(.notFound, "archive: no image for \(wanted): it has \(offered.isEmpty ? "none that says its platform" : offered)")
  }

  private func isAttestation(_ descriptor: Descriptor) -> Bool { descriptor.annotations?[Annotation.dockerReferenceType] != nil }
}

extension Descriptor {
  /// With the names that are said about its index.
  fileprivate func named(as index: Descriptor) -> Descriptor {
    var named = self
    named.annotations = (annotations ?? [:]).merging(index.annotations ?? [:]) { $1 }
    return named
  }
}
