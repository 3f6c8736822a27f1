// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import OCISpec

/// Creation times between which images are shown, in nanoseconds since 1970.
struct CreationBounds {
  var before: Int64?
  var after: Int64?
}

extension ImageStore {
  /// `before` and `since` name images; several together mean the narrowest.
  func bounds(_ filter: ImageFilter) throws(HullError) -> CreationBounds {
    var bounds = CreationBounds(before: filter.until)
    for name in filter.before {
      let created = try resolve(name).createdNanoseconds
      bounds.before = min(bounds.before ?? .max, created)
    }
    for name in filter.since {
      let created = try resolve(name).createdNanoseconds
      bounds.after = max(bounds.after ?? .min, created)
    }
    return bounds
  }
}

extension ImageRecord {
  var createdNanoseconds: Int64 { RFC3339.nanoseconds(config.created ?? "") ?? 0 }

  /// Seconds since 1970, 0 when the image doesn't say.
  package var created: Int64 { RFC3339.parse(config.created ?? "")?.seconds ?? 0 }

  /// The same image with only those of its names.
  func keeping(_ names: (Reference) -> Bool) -> ImageRecord {
    ImageRecord(
      id: id, config: config, rawConfig: rawConfig, manifest: manifest, tags: tags.filter(names), digests: digests.filter(names), size: size,
      parent: parent, added: added, tagged: tagged, used: used, artifactType: artifactType, isOnlyVariant: isOnlyVariant)
  }
}

extension ImageFilter {
  func matches(_ record: ImageRecord, _ bounds: CreationBounds, hasChildren: Bool) -> Bool {
    if record.isOnlyVariant, !variants { return false }
    let created = record.createdNanoseconds
    if let before = bounds.before, created >= before { return false }
    if let after = bounds.after, created <= after { return false }
    if !labels.allSatisfy({ ImageFilter.has(record.labels, $0) }) || notLabels.contains(where: { ImageFilter.has(record.labels, $0) }) {
      return false
    }
    if !references.isEmpty, !(record.tags + record.digests).contains(where: matchesReference) { return false }
    if record.isDangling, hasChildren, !all { return false }
    switch dangling {
    case nil: return true
    // An image that others were made from is needed, and one that is known by a digest alone is neither the one nor the other.
    case true?: return record.tags.isEmpty && !hasChildren
    case false?: return !record.isDangling
    }
  }

  /// Patterns are matched against the familiar and the canonical name, each with and without the tag.
  func matchesReference(_ reference: Reference) -> Bool {
    let targets = [reference.familiar, reference.familiarName, reference.withDefaultTag.description, reference.name]
    return references.contains { pattern in targets.contains { fnmatch(pattern, $0, FNM_PATHNAME) == 0 } }
  }

  private static func has(_ labels: [String: String], _ wanted: String) -> Bool {
    let parts = wanted.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let value = labels[parts[0]] else { return false }
    return parts.count == 1 || parts[1] == value
  }
}
