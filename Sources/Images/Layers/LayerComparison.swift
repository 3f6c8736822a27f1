// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Compares a container's own directory with the layers below it.
struct LayerComparison {
  private let layers: OpenLayers
  private let upper: Int32
  private let lowers: [Int32]
  private var changes: [String: LayerDiff.Kind] = [:]

  /// What a path is in the layers below.
  private enum Below {
    case missing
    case there(stat)
  }

  init(upper: String, lowers: [String]) throws(HullError) {
    layers = try OpenLayers([upper] + lowers)
    self.upper = layers.roots[0]
    self.lowers = Array(layers.roots.dropFirst())
  }

  mutating func run() throws(HullError) -> [LayerDiff.Change] {
    var pending: [(path: [UInt8], hidden: Bool)] = [([], false)]
    while let (path, hidden) = pending.popLast() {
      guard let (names, opaque) = DirectoryListing.contents(upper, path) else { continue }
      if opaque, !hidden { try addDeleted(below: path, except: names) }
      for name in names {
        let child = LayerPath.child(name, of: path)
        guard let status = DirectoryListing.status(upper, child) else { continue }
        if status.isDirectory { pending.append((child, hidden || opaque)) }
        compare(child, status, hidden: hidden || opaque)
      }
    }
    return changes.map { LayerDiff.Change(path: $0.key, kind: $0.value) }.sorted { $0.path < $1.path }
  }

  private mutating func compare(_ path: [UInt8], _ status: stat, hidden: Bool) {
    let below = hidden ? Below.missing : lookUp(path)
    switch below {
    case .missing:
      if status.isWhiteout || isMountPoint(path, status) { return }
      add(path, .added)
    case .there(let old):
      if status.isWhiteout { return add(path, .deleted) }
      if !same(old, status) { add(path, .modified) }
    }
  }

  /// As Docker compares: directories by owner and mode, files also by size and time.
  private func same(_ old: stat, _ new: stat) -> Bool {
    guard old.st_mode == new.st_mode, old.st_uid == new.st_uid, old.st_gid == new.st_gid, old.st_rdev == new.st_rdev else { return false }
    if new.isDirectory { return true }
    return old.st_size == new.st_size && old.st_mtim.tv_sec == new.st_mtim.tv_sec && old.st_mtim.tv_nsec == new.st_mtim.tv_nsec
  }

  /// What an opaque directory hides is deleted, unless it is there anew.
  private mutating func addDeleted(below path: [UInt8], except kept: [[UInt8]]) throws(HullError) {
    var seen = Set(kept)
    for lower in lowers {
      guard let (names, opaque) = DirectoryListing.contents(lower, path) else { continue }
      for name in names where seen.insert(name).inserted {
        let child = LayerPath.child(name, of: path)
        if let status = DirectoryListing.status(lower, child), !status.isWhiteout { add(child, .deleted) }
      }
      if opaque { return }
    }
  }

  private func lookUp(_ path: [UInt8]) -> Below {
    for lower in lowers {
      if let status = DirectoryListing.status(lower, path) { return status.isWhiteout ? .missing : .there(status) }
      if hides(lower, path) { return .missing }
    }
    return .missing
  }

  /// Whether a layer that lacks the path itself keeps those below it from showing theirs.
  private func hides(_ lower: Int32, _ path: [UInt8]) -> Bool {
    var prefix = path
    while let slash = prefix.lastIndex(of: UInt8(ascii: "/")) {
      prefix = Array(prefix[..<slash])
      guard let status = DirectoryListing.status(lower, prefix) else { continue }
      return !status.isDirectory || DirectoryListing.contents(lower, prefix)?.opaque ?? false
    }
    return false
  }

  private func isMountPoint(_ path: [UInt8], _ status: stat) -> Bool {
    guard LayerDiff.mountPoints.contains("/" + String(decoding: path, as: UTF8.self)) else { return false }
    return status.isDirectory || status.st_size == 0 || status.isSymbolicLink
  }

  private mutating func add(_ path: [UInt8], _ kind: LayerDiff.Kind) {
    changes["/" + String(decoding: path, as: UTF8.self)] = kind
    var prefix = path
    while let slash = prefix.lastIndex(of: UInt8(ascii: "/")) {
      prefix = Array(prefix[..<slash])
      let name = "/" + String(decoding: prefix, as: UTF8.self)
      if changes[name] != nil { break }
      changes[name] = .modified
    }
  }
}
