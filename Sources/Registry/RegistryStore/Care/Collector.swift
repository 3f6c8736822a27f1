// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import OCISpec

/// What a collection removed, or would remove.
package struct CollectionReport: Sendable, Equatable {
  /// Blobs taken out of repositories whose manifests do not need them.
  package var unlinked = 0
  /// Files removed, and their bytes.
  package var blobs = 0
  package var bytes: Int64 = 0
  /// Uploads nobody went on with.
  package var uploads = 0
  package init() {}
}

extension RegistryStore {
  /// Removes what nothing needs, while the store is in use.
  ///
  /// A blob is safe from the moment it is pushed, mounted or asked for by `HEAD` for `grace` seconds, and as long as a manifest of its
  /// repository names it. Each repository is locked while it is looked through, each blob while it is judged: a push that runs at the same
  /// time either finds a blob and keeps it, or is told that it is not there.
  package func collect(grace: Int64, uploadAge: Int64, dryRun: Bool = false) throws(HullError) -> CollectionReport {
    var report = CollectionReport()
    report.uploads = try uploads.sweep(olderThan: uploadAge, dryRun: dryRun)
    for name in try repositoryDirectories() {
      report.unlinked += try unlinkUnneeded(in: name, grace: grace, dryRun: dryRun)
    }
    for algorithm in try shelf.names(Layout.blobs) {
      for prefix in try shelf.names("\(Layout.blobs)/\(algorithm)") {
        for hex in try shelf.names("\(Layout.blobs)/\(algorithm)/\(prefix)") {
          guard let digest = try? Digest("\(algorithm):\(hex)"), let size = try removeUnlinked(digest, grace: grace, dryRun: dryRun) else { continue }
          report.blobs += 1
          report.bytes += size
        }
      }
    }
    return report
  }

  /// Takes blobs out of a repository that none of its manifests needs.
  private func unlinkUnneeded(in name: RepositoryName, grace: Int64, dryRun: Bool) throws(HullError) -> Int {
    try repositories.change(name) { () throws(HullError) in
      let links = try shelf.names(Layout.blobs(name)).compactMap(Digest.init(fileName:)).filter { isOld(Layout.blob($0, in: name), grace) }
      guard !links.isEmpty else {
        if !dryRun { try forgetIfEmpty(name) }
        return 0
      }
      // A manifest that cannot be read may need anything.
      var needed: Set<Digest> = []
      for digest in try manifestDigests(in: name) {
        guard let manifest = try? manifest(.digest(digest), in: name) else { return 0 }
        needed.formUnion(manifest.content.blobs.map(\.digest))
      }
      let unneeded = links.filter { !needed.contains($0) }
      if !dryRun {
        for digest in unneeded { try shelf.remove(Layout.blob(digest, in: name)) }
        usage.forget(name)
        try forgetIfEmpty(name)
      }
      return unneeded.count
    }
  }

  /// Removes a blob's file when no repository has it; gives its size then.
  private func removeUnlinked(_ digest: Digest, grace: Int64, dryRun: Bool) throws(HullError) -> Int64? {
    let path = Layout.blob(digest)
    return try contents.withLock(digest) { () throws(HullError) in
      guard let status = shelf.status(path), status.st_nlink == 1, isOld(path, grace) else { return nil }
      if !dryRun { try shelf.remove(path) }
      return Int64(status.st_size)
    }
  }

  /// Whether nothing has happened to a file for `grace` seconds; its links count as something.
  func isOld(_ path: String, _ grace: Int64) -> Bool {
    guard let status = shelf.status(path) else { return false }
    return RegistryStore.now() - max(Int64(status.st_ctim.tv_sec), Int64(status.st_mtim.tv_sec)) >= grace
  }

  /// Forgets a repository without manifests, and its directories when nothing at all is in them. With its lock held.
  func forgetIfEmpty(_ name: RepositoryName) throws(HullError) {
    guard try shelf.names(Layout.manifests(name)).isEmpty else { return }
    catalog.remove(name)
    guard try shelf.names(Layout.blobs(name)).isEmpty else { return }
    let directory = Layout.repository(name)
    for subject in try shelf.names(directory + "/_referrers") { _ = shelf.removeIfEmpty("\(directory)/_referrers/\(subject)") }
    for part in ["_manifests", "_blobs", "_tags", "_pulls", "_referrers"] { _ = shelf.removeIfEmpty("\(directory)/\(part)") }
    var path = directory
    while path != Layout.repositories, shelf.removeIfEmpty(path), let slash = path.lastIndex(of: "/") { path = String(path[..<slash]) }
  }

  /// Every repository that has a directory, with or without manifests.
  private func repositoryDirectories() throws(HullError) -> [RepositoryName] {
    var found: [RepositoryName] = []
    var waiting = [""]
    while let prefix = waiting.popLast() {
      let entries = try shelf.names(prefix.isEmpty ? Layout.repositories : "\(Layout.repositories)/\(prefix)")
      if entries.contains(where: { $0.hasPrefix("_") }), let name = try? RepositoryName(prefix) { found.append(name) }
      for entry in entries where !entry.hasPrefix("_") { waiting.append(prefix.isEmpty ? entry : "\(prefix)/\(entry)") }
    }
    return found
  }
}
