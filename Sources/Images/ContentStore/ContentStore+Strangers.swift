// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Files below the store's root that are neither blobs nor anything that an operation works on.
extension ContentStore {
  /// Their paths below the root, sorted.
  package func strangers() throws(HullError) -> [String] {
    let partial = Set(try DurableFiles.names(partials))
    let found =
      try names("").filter { !["blobs", "ingest", "partial"].contains($0) }
      + names("blobs").filter { $0 != "sha256" }.map { "blobs/\($0)" }
      + DurableFiles.names(blobs).filter { !ContentStore.isHex($0) }.map { "blobs/sha256/\($0)" }
      + DurableFiles.names(ingests).map { "ingest/\($0)" }
      + partial.filter { !isWhole(partial, $0) }.map { "partial/\($0)" }
    return found.filter { !receiving.contains(ContentStore.user(of: $0)) }.sorted()
  }

  /// Removes one of them.
  /// - Returns: `false`: somebody has begun to use it.
  package func removeStranger(_ path: String) throws(HullError) -> Bool {
    let parent = path.lastIndex(of: "/").map { path[..<$0] } ?? ""
    let name = path.split(separator: "/").last ?? ""
    let directory = try step("cannot open \(root)/\(parent)") { () throws(SystemError) in
      try Files.open("\(root)/\(parent)", O_RDONLY | O_DIRECTORY)
    }
    return try receiving.unlessUsed(ContentStore.user(of: path)) { () throws(HullError) in
      try TreeRemoval.remove(Array(name.utf8), in: directory.number)
    } != nil
  }

  private func names(_ path: String) throws(HullError) -> [String] {
    let directory = try step("cannot open \(root)/\(path)") { () throws(SystemError) in try Files.open("\(root)/\(path)", O_RDONLY | O_DIRECTORY) }
    return try DurableFiles.names(directory.number)
  }

  /// A download and its map belong together.
  func isWhole(_ names: Set<String>, _ name: String) -> Bool {
    let hex = ContentStore.user(of: name)
    return names.contains(hex) && names.contains(hex + Partial.mapSuffix) && ContentStore.isHex(hex)
  }

  private static func isHex(_ name: String) -> Bool { (try? Digest("sha256:\(name)")) != nil }

  /// The name by which an operation would say that it works on a path.
  private static func user(of path: String) -> String {
    let name = String(path.split(separator: "/").last ?? "")
    return name.hasSuffix(Partial.mapSuffix) ? String(name.dropLast(Partial.mapSuffix.count)) : name
  }
}
