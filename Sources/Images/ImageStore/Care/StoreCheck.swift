// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import GRDB
import Layers
import OCISpec

/// Something that is not as it should be.
package struct StoreProblem: Sendable, Hashable {
  /// What it is about: `blob sha256:…`, `layer sha256:…`, `image …`, or a path below the root.
  package let object: String
  package let problem: String
  /// Bytes of files that belong to nothing, or of what is damaged; 0 where nothing is there.
  package let bytes: Int64
  package var mended: Bool
  /// What to do about it; empty when it is mended.
  package var fix: String

  /// The fix for most.
  package static let mend = "run hull system check --mend"

  package init(_ object: String, _ problem: String, bytes: Int64 = 0, mended: Bool = false, fix: String = "") {
    self.object = object
    self.problem = problem
    self.bytes = bytes
    self.mended = mended
    self.fix = fix
  }
}

/// What a check has looked at, and what it found.
package struct StoreReport: Sendable, Hashable {
  package var blobs = 0
  package var layers = 0
  package var images = 0
  package var files = 0
  /// Of regular files, each once.
  package var bytes: Int64 = 0
  package var problems: [StoreProblem] = []

  package init() {}

  package mutating func count(_ usage: TreeUsage) {
    files += usage.files
    bytes += usage.content
  }
}

/// How thorough a check is, and what it may do.
package struct StoreCheckOptions: Sendable {
  /// Removes what belongs to nothing, and mends what can be mended.
  package var mend = false
  /// Every blob is read and its digest compared.
  package var deep = true
  /// Whether a container that holds layers runs, by the name that it holds them by.
  package var isRunning: @Sendable (String) -> Bool = { _ in false }

  package init() {}
}

extension ImageStore {
  /// Proves that every blob, layer and download belongs to something, and that what rows speak of is there and right. Others may go on
  /// meanwhile: what they are just bringing in, or taking away, is left alone.
  package func check(_ options: StoreCheckOptions = StoreCheckOptions()) throws(HullError) -> StoreReport {
    var check = StoreCheck(store: self, options: options)
    try check.garbage()
    try check.contents()
    return check.report
  }

  /// Removes what belongs to nothing; what `check` would find there to mend.
  /// - Returns: what has been removed.
  package func sweep() throws(HullError) -> [StoreProblem] {
    var options = StoreCheckOptions()
    options.mend = true
    var check = StoreCheck(store: self, options: options)
    try check.garbage()
    return check.report.problems
  }
}

/// One check.
struct StoreCheck {
  let store: ImageStore
  let options: StoreCheckOptions
  var report = StoreReport()

  init(store: ImageStore, options: StoreCheckOptions) {
    self.store = store
    self.options = options
  }

  /// What rows speak of.
  mutating func contents() throws(HullError) {
    try checkDatabase()
    try checkBlobs()
    try checkLayers()
  }

  private mutating func checkDatabase() throws(HullError) {
    let (complaints, images) = try store.database.read("check the database") { [deep = options.deep] database in
      let found = try String.fetchAll(database.cachedStatement(sql: deep ? "PRAGMA integrity_check(100)" : "PRAGMA quick_check(100)")).filter {
        $0 != "ok"
      }
      let foreign = try Row.fetchAll(database.cachedStatement(sql: "PRAGMA foreign_key_check")).map { row -> String in
        let (table, parent): (String, String) = (row[0], row[2])
        return "a row of the table \(table) speaks of one of \(parent) that is not there"
      }
      return (found + foreign, try Catalog(database: database).allImages())
    }
    report.problems += complaints.map { StoreProblem("hull.db", $0, fix: "stop hulld and restore hull.db from a copy") }
    report.images = images.count
    for image in images { try check(image) }
  }

  private mutating func check(_ image: ImageID) throws(HullError) {
    let found = try store.database.read("look up image \(image)") { database in
      let catalog = Catalog(database: database)
      return try catalog.record(image, store.configs).map { ($0, try catalog.chains(of: image), try catalog.shownName(of: image)) }
    }
    // It may have been removed meanwhile.
    guard let (record, chains, name) = found, record.artifactType == nil, chains != LayerStore.chains(record.diffIDs) else { return }
    report.problems.append(
      StoreProblem(
        "image \(name)", "its layers are not those of its configuration: \(chains.count) on record, \(record.diffIDs.count) in the configuration",
        fix: "remove it with docker rmi \(name) and pull or load it again"))
  }

  /// What has to be done to get a blob or layer of these images again.
  func refetch(_ images: [ImageID]) throws(HullError) -> String {
    let names = try store.database.read("look up images") { database in
      let catalog = Catalog(database: database)
      return try images.map { image in
        let references = try catalog.references(of: image)
        return (name: try catalog.shownName(of: image), isPulled: references.contains { $0.digest != nil })
      }
    }
    guard !names.isEmpty else { return "pull again what it belongs to" }
    let steps = names.map { $0.isPulled ? "docker pull \($0.name)" : "load or make \($0.name) again" }
    return Array(Set(steps)).sorted().joined(separator: "; ")
  }
}
