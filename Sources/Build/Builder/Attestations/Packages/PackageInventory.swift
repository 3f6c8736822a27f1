// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors

/// Finds the packages of a file system by the databases that their managers keep in it: dpkg, apk, rpm (SQLite), and Python's metadata.
struct PackageInventory {
  /// More of one database is not read: 64 MiB.
  private static let limit: Int64 = 64 << 20

  let tree: any FileTree
  /// Where a database may lie while it is read.
  let directory: String

  /// All packages, by kind and name. Blocking.
  func packages() throws(HullError) -> [PackageRecord] {
    let distribution = try self.distribution()
    var found = try dpkg(distribution)
    if let text = try firstText("lib/apk/db/installed", "usr/lib/apk/db/installed") { found += ApkDatabase(text, distribution).packages }
    found += try rpm(distribution)
    found += try PythonPackages(tree).packages()
    var seen: Set<PackageRecord> = []
    return found.filter { seen.insert($0).inserted }.sorted { ($0.url.type, $0.name, $0.version) < ($1.url.type, $1.name, $1.version) }
  }

  private func distribution() throws(HullError) -> Distribution {
    guard let text = try firstText("etc/os-release", "usr/lib/os-release") else { return Distribution() }
    return Distribution(text)
  }

  private func dpkg(_ distribution: Distribution) throws(HullError) -> [PackageRecord] {
    var texts: [String] = []
    if let status = try text("var/lib/dpkg/status") { texts.append(status) }
    // Images without a package manager have a file for each package.
    let parts = "var/lib/dpkg/status.d"
    if try tree.node(parts)?.kind == .directory {
      for name in try tree.names(in: parts) where !name.hasSuffix(".md5sums") {
        if let status = try text("\(parts)/\(name)") { texts.append(status) }
      }
    }
    return texts.flatMap { DpkgDatabase($0, distribution).packages }
  }

  private func rpm(_ distribution: Distribution) throws(HullError) -> [PackageRecord] {
    for path in ["var/lib/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/rpmdb.sqlite"] {
      let place = try TreePaths.resolve(path, in: tree)
      guard let node = try tree.node(place), node.kind == .regular, node.size <= PackageInventory.limit * 4 else { continue }
      return try RpmDatabase(tree, place, copiedTo: directory).packages(distribution)
    }
    return []
  }

  /// Of the file that is there.
  private func firstText(_ paths: String...) throws(HullError) -> String? {
    for path in paths { if let found = try text(path) { return found } }
    return nil
  }

  private func text(_ path: String) throws(HullError) -> String? { try tree.text(path, limit: PackageInventory.limit) }
}

extension FileTree {
  /// A text file, links followed; `nil` when it is not there or too long. What is no UTF-8 is replaced.
  func text(_ path: String, limit: Int64) throws(HullError) -> String? {
    let place = try TreePaths.resolve(path, in: self)
    guard let found = try node(place), found.kind == .regular, found.size <= limit else { return nil }
    var bytes: [UInt8] = []
    try read(place) { bytes += $0 }
    return String(decoding: bytes, as: UTF8.self)
  }
}
