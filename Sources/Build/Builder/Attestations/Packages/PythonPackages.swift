// SPDX-License-Identifier: Apache-2.0
import Errors

/// Python's packages, wherever they were installed: `NAME.dist-info/METADATA` and `NAME.egg-info` (PyPA, core metadata).
struct PythonPackages {
  /// Directories of file systems that are no part of an image.
  private static let foreign: Set<String> = ["proc", "sys", "dev"]
  private static let limit: Int64 = 4 << 20
  private static let deepest = 32

  private let tree: any FileTree

  init(_ tree: any FileTree) { self.tree = tree }

  /// Blocking.
  func packages() throws(HullError) -> [PackageRecord] {
    var found: [PackageRecord] = []
    var pending = try directories(in: "").filter { !PythonPackages.foreign.contains($0) }.map { ($0, 1) }
    while let (directory, depth) = pending.popLast() {
      for name in try tree.names(in: directory) {
        let path = TreePaths.join(directory, name)
        if let file = metadata(path, name) {
          if let text = try tree.text(file, limit: PythonPackages.limit), let package = PythonPackages.package(text) { found.append(package) }
        } else if depth < PythonPackages.deepest, try tree.node(path)?.kind == .directory {
          pending.append((path, depth + 1))
        }
      }
    }
    return found
  }

  private func directories(in directory: String) throws(HullError) -> [String] {
    var found: [String] = []
    for name in try tree.names(in: directory) where try tree.node(name)?.kind == .directory { found.append(name) }
    return found
  }

  /// Where the package's metadata would be.
  private func metadata(_ path: String, _ name: String) -> String? {
    if name.hasSuffix(".dist-info") { return path + "/METADATA" }
    guard name.hasSuffix(".egg-info") else { return nil }
    return (try? tree.node(path))?.kind == .directory ? path + "/PKG-INFO" : path
  }

  /// The header's fields; what follows an empty line is the description.
  static func package(_ text: String) -> PackageRecord? {
    var fields: [String: String] = [:]
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty { break }
      guard let colon = line.firstIndex(of: ":"), line.first != " " else { continue }
      let key = String(line[..<colon])
      if fields[key] == nil { fields[key] = String(line[line.index(after: colon)...]).trimming(\.isWhitespace) }
    }
    guard let name = fields["Name"], let version = fields["Version"], !name.isEmpty else { return nil }
    // The registry's form of a name.
    let canonical = name.lowercased().map { "_.".contains($0) ? "-" : $0 }
    return PackageRecord(
      name: name, version: version, license: fields["License-Expression"] ?? fields["License"] ?? "",
      supplier: fields["Author"] ?? fields["Author-email"] ?? "", url: PackageURL(type: "pypi", name: String(canonical), version: version))
  }
}
