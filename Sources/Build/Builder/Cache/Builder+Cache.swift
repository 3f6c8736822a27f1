// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import ImageStore
import LinuxSystem
import OCISpec

/// The cache as a whole. Blocking.
extension Builder {
  /// Everything in the cache, what was not used for the longest time first, and what stands on something before that.
  package func cacheRecords() throws(HullError) -> [CacheRecord] {
    let steps = try surroundings.images.buildStepUsage()
    let byChain = Dictionary(
      steps.compactMap { usage in usage.step.layer.map { ($0.chain, usage.step.key.hex) } }, uniquingKeysWith: { first, _ in first })
    var records = steps.map { usage in
      let (step, isShared) = (usage.step, usage.isShared)
      var record = CacheRecord(
        id: step.key.hex, kind: .regular, description: step.description,
        size: isShared ? (step.layer?.size ?? 0) + (step.descriptor?.size ?? 0) : usage.bytes, created: step.created, used: step.used,
        uses: step.uses)
      record.parent = step.base.flatMap { byChain[$0] } ?? ""
      (record.shared, record.inUse) = (isShared, usage.isInUse)
      return record
    }
    Self.rejuvenate(&records)
    records += try mounts() + contexts.records() + keptFailures().map(Self.record)
    return records.sorted { ($0.used, -$0.created, $0.id) < ($1.used, -$1.created, $1.id) }
  }

  /// Whoever uses a record uses what it stands on.
  private static func rejuvenate(_ records: inout [CacheRecord]) {
    let places = Dictionary(records.indices.map { (records[$0].id, $0) }, uniquingKeysWith: { first, _ in first })
    // What stands on another was made after it.
    for index in records.indices.reversed() {
      guard let parent = places[records[index].parent] else { continue }
      records[parent].used = max(records[parent].used, records[index].used)
    }
  }

  private func mounts() throws(HullError) -> [CacheRecord] {
    let (mounts, inUse) = (shared.cacheMounts, shared.cacheMounts.inUse)
    let directory = mounts.directory
    var records: [CacheRecord] = []
    for name in try mounts.names() {
      guard let status = try? Files.status("\(directory)/\(name)/data"), let id = try? Files.readText("\(directory)/\(name)/id") else { continue }
      // Each use touches it.
      let used = ((try? Files.status("\(directory)/\(name)/id"))?.st_mtim ?? status.st_ctim).nanoseconds
      var record = CacheRecord(
        id: name, kind: .cacheMount, description: "mount / from exec, cache \(id.split(separator: "\n").first ?? "")",
        size: mounts.size(of: name, afresh: inUse.contains(name)), created: min(status.st_ctim.nanoseconds, used), used: used,
        uses: 1)
      record.inUse = inUse.contains(name)
      records.append(record)
    }
    return records
  }

  /// The file systems of commands that failed (`FailedStep`), with what goes with each.
  package func keptFailures() throws(HullError) -> [RepositoryImage] {
    try surroundings.images.images(onlyIn: try Reference(FailedStep.repository))
  }

  private static func record(_ kept: RepositoryImage) -> CacheRecord {
    let command = kept.record.labels[FailedStep.label] ?? ""
    var record = CacheRecord(
      id: kept.record.id.hex, kind: .failedStep, description: "failed: \(command)", size: kept.layers + kept.blobs, created: kept.record.added,
      used: kept.record.lastUse, uses: 1)
    record.inUse = kept.isHeld
    return record
  }

  /// Bytes of all cache mounts, as far as that is known without looking once more.
  package func cacheMountBytes() throws(HullError) -> Int64 {
    let mounts = shared.cacheMounts
    return try mounts.names().reduce(0) { $0 + mounts.size(of: $1, afresh: false) }
  }

  /// Bytes of the contexts that are kept.
  package var contextBytes: Int64 { contexts.records().reduce(0) { $0 + $1.size } }

  /// Takes away what may go.
  package func pruneCache(_ prune: CachePrune) throws(HullError) -> CachePruned {
    try pruning.with { (_) throws(HullError) -> CachePruned in
      let records = try cacheRecords()
      var total = records.reduce(0) { $0 + ($1.shared ? 0 : $1.size) }
      let kept = prune.kept(of: total, free: try DiskSpace(at: surroundings.directory).free)
      var gone: [CacheRecord] = []
      var bytes: Int64 = 0
      for record in records where !record.inUse && prune.matches(record) && (prune.all || !record.shared) {
        if let limit = prune.unusedSince, record.used >= limit { continue }
        if let kept, total <= kept { break }
        if let enough = prune.enough, bytes >= enough { break }
        if !record.shared { (total, bytes) = (total - record.size, bytes + record.size) }
        gone.append(record)
      }
      return try remove(gone)
    }
  }

  private func remove(_ records: [CacheRecord]) throws(HullError) -> CachePruned {
    let keys = Set(records.filter { $0.kind == .regular }.map(\.id))
    let steps = try surroundings.images.buildSteps().filter { keys.contains($0.key.hex) }
    // What stands on another goes before it.
    var pruned = CachePruned(bytes: try surroundings.images.removeBuildSteps(steps.sorted { $0.created > $1.created }))
    for record in records {
      guard try removeFiles(record) else { continue }
      if record.kind != .regular { pruned.bytes += record.size }
      pruned.records.append(record)
    }
    return pruned
  }

  /// Removes what is no step. `false`: it is not there any more, or in use by now.
  private func removeFiles(_ record: CacheRecord) throws(HullError) -> Bool {
    switch record.kind {
    case .regular: return true
    case .cacheMount: return try shared.cacheMounts.remove(record.id)
    case .localSource: return contexts.remove(record.id)
    case .failedStep: return try removeKept(record.id)
    }
  }

  private func removeKept(_ image: String) throws(HullError) -> Bool {
    do throws(HullError) {
      _ = try surroundings.images.remove(image, force: true) { _ in [] }
      return true
    } catch {
      guard error.code == .notFound || error.code == .conflict else { throw error }
      return false
    }
  }
}
