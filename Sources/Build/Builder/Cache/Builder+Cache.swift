// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import ImageStore
import LinuxSystem
import OCISpec

/// The cache as a whole. Blocking.
extension Builder {
  /// Everything in the cache, what was not used for the longest time first.
  package func cacheRecords() throws(HullError) -> [CacheRecord] {
    let steps = try surroundings.images.buildSteps()
    let shared = try surroundings.images.layersOfImages()
    let byChain = Dictionary(steps.compactMap { step in step.layer.map { ($0.chain, step.key.hex) } }, uniquingKeysWith: { first, _ in first })
    var records = steps.map { step in
      var record = CacheRecord(
        id: step.key.hex, kind: .regular, description: step.description, size: (step.layer?.size ?? 0) + (step.descriptor?.size ?? 0),
        created: step.created, used: step.used, uses: step.uses)
      record.parent = step.base.flatMap { byChain[$0] } ?? ""
      record.shared = step.layer.map { shared.contains($0.chain) } ?? false
      return record
    }
    records += try mounts()
    return records.sorted { ($0.used, $0.id) < ($1.used, $1.id) }
  }

  private func mounts() throws(HullError) -> [CacheRecord] {
    let directory = shared.cacheMounts.directory
    let inUse = shared.cacheMounts.inUse
    let root = try step("cannot list the cache mounts") { () throws(SystemError) in try Files.open(directory, O_RDONLY | O_DIRECTORY) }
    var records: [CacheRecord] = []
    for name in try DurableFiles.names(root.number) {
      guard let status = try? Files.status("\(directory)/\(name)/data"), let id = try? Files.readText("\(directory)/\(name)/id") else { continue }
      let size = TreeUsage(ofAnything: "\(directory)/\(name)/data")?.bytes ?? 0
      let used = Int64(status.st_atim.tv_sec) * 1_000_000_000
      var record = CacheRecord(
        id: name, kind: .cacheMount, description: "mount / from exec, cache \(id.split(separator: "\n").first ?? "")", size: size,
        created: Int64(status.st_ctim.tv_sec) * 1_000_000_000, used: used, uses: 1)
      record.inUse = inUse.contains(name)
      records.append(record)
    }
    return records
  }

  /// Takes away what may go.
  /// - Returns: what went.
  package func pruneCache(_ prune: CachePrune) throws(HullError) -> [CacheRecord] {
    let records = try cacheRecords()
    var kept = records.reduce(0) { $0 + $1.size }
    var gone: [CacheRecord] = []
    for record in records where !record.inUse && prune.matches(record) && (prune.all || !record.shared) {
      if let limit = prune.unusedSince, record.used >= limit { continue }
      if prune.reserved > 0, kept <= prune.reserved { break }
      kept -= record.size
      gone.append(record)
    }
    try remove(gone)
    return gone
  }

  private func remove(_ records: [CacheRecord]) throws(HullError) {
    let keys = Set(records.filter { $0.kind == .regular }.map(\.id))
    let steps = try surroundings.images.buildSteps().filter { keys.contains($0.key.hex) }
    // What stands on another goes before it.
    try surroundings.images.removeBuildSteps(steps.sorted { $0.created > $1.created })
    let root = try step("cannot open the cache mounts") { [shared] () throws(SystemError) in
      try Files.open(shared.cacheMounts.directory, O_RDONLY | O_DIRECTORY)
    }
    for record in records where record.kind == .cacheMount { try TreeRemoval.remove(Array(record.id.utf8), in: root.number) }
  }
}
