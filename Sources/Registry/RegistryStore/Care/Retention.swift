// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// Which tags and manifests of a repository go by themselves. Times in seconds.
///
/// A tag goes when nothing protects it (`keepLast`, `keepMatching`) and everything that is said about its age holds (`olderThan`,
/// `notPulledFor`). Without a word about age, `keepLast` alone decides.
package struct RetentionRule: Sendable {
  /// So many of the tags that were set last stay.
  package var keepLast: Int?
  /// Tags that match one of these patterns stay and are not counted.
  package var keepMatching: [NamePattern] = []
  /// Only tags that were set longer ago go.
  package var olderThan: Int64?
  /// Only tags that were neither set nor pulled for so long go.
  package var notPulledFor: Int64?
  /// Manifests go that no tag, no index and no subject needs and that have been here for so long.
  package var untaggedAfter: Int64?
  package init() {}

  var removesTags: Bool { keepLast != nil || olderThan != nil || notPulledFor != nil }
}

/// Something that retention removes, and why.
package struct RetentionDecision: Sendable, Equatable {
  package let repository: RepositoryName
  /// Nil: the manifest itself.
  package let tag: String?
  package let digest: Digest
  package let reason: String
}

extension RegistryStore {
  /// Applies a rule to a repository, or says what it would do.
  package func retain(_ rule: RetentionRule, in name: RepositoryName, dryRun: Bool) throws(HullError) -> [RetentionDecision] {
    try repositories.change(name) { () throws(HullError) in
      let records = try tagRecords(in: name)
      let tags = rule.removesTags ? RetentionPlan.tags(records, rule, in: name, now: RegistryStore.now()) : []
      let gone = Set(tags.compactMap(\.tag))
      let kept = Set(records.filter { !gone.contains($0.name) }.map(\.digest))
      let manifests = try rule.untaggedAfter.map { (age) throws(HullError) in try untagged(in: name, except: kept, olderThan: age) } ?? []
      if !dryRun {
        for tag in gone { try removeTag(tag, in: name) }
        for decision in manifests { try remove(decision.digest, in: name) }
        if !manifests.isEmpty { try forgetIfEmpty(name) }
      }
      return tags + manifests
    }
  }

  private func untagged(in name: RepositoryName, except tagged: Set<Digest>, olderThan age: Int64) throws(HullError) -> [RetentionDecision] {
    let manifests = try manifests(in: name)
    var needed = tagged
    var before = -1
    // Indexes need their manifests, and whoever refers to a needed manifest is needed.
    while needed.count != before {
      before = needed.count
      for manifest in manifests {
        if needed.contains(manifest.digest) { needed.formUnion((manifest.content.manifests ?? []).map(\.digest)) }
        if let subject = manifest.content.subject, needed.contains(subject.digest) { needed.insert(manifest.digest) }
      }
    }
    return manifests.filter { !needed.contains($0.digest) && isOld(Layout.manifest($0.digest, in: name), age) }.map {
      RetentionDecision(repository: name, tag: nil, digest: $0.digest, reason: "no tag needs it, and it has been here longer than \(age) s")
    }
  }
}

/// The arithmetic of retention, without a store.
enum RetentionPlan {
  static func tags(_ records: [TagRecord], _ rule: RetentionRule, in name: RepositoryName, now: Int64) -> [RetentionDecision] {
    let open = records.filter { record in !rule.keepMatching.contains { $0.matches(record.name) } }
      .sorted { ($0.setNanoseconds, $0.name) > ($1.setNanoseconds, $1.name) }
    return open.dropFirst(rule.keepLast ?? 0).compactMap { record in
      var reasons = rule.keepLast.map { ["\($0) tags were set later"] } ?? []
      if let limit = rule.olderThan {
        guard now - record.set > limit else { return nil }
        reasons.append("it was set \(now - record.set) s ago")
      }
      if let limit = rule.notPulledFor {
        let last = max(record.set, record.pulled ?? 0)
        guard now - last > limit else { return nil }
        reasons.append("it was pulled or set last \(now - last) s ago")
      }
      return RetentionDecision(repository: name, tag: record.name, digest: record.digest, reason: reasons.joined(separator: ", "))
    }
  }
}
