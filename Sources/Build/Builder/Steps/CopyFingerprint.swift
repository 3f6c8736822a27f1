// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// What the cache knows a set of files by: their places, kinds, modes and bytes, not their times and owners.
struct CopyFingerprint {
  private let hash = SHA256()
  /// Files by their places, for telling later which changed; not all of very many.
  private(set) var files: [String: String] = [:]
  private static let listed = 20_000

  mutating func add(_ item: CopyItem, digest: Digest?) {
    let node = item.node
    var line =
      "\(node.kind.rawValue) \(String(node.mode, radix: 8)) \(item.relative)\u{0}\(node.link)\u{0}\(node.device.major):\(node.device.minor)\u{0}\(digest?.hex ?? "")"
    if item.keepsOwner { line += "\u{0}\(node.uid):\(node.gid)" }
    if !item.directory.isEmpty { line += "\u{0}\(item.directory)/" }
    var line8 = Array(line.utf8)
    for attribute in node.attributes { line8 += attribute.name + [0] + attribute.value }
    line8.append(0)
    line8.withUnsafeBytes { hash.update($0) }
    guard files.count < CopyFingerprint.listed, node.kind != .directory else { return }
    files[item.relative] = "\(String(node.mode, radix: 8)) \(digest?.hex.prefix(16) ?? "")\(node.link)"
  }

  func finish() -> Digest { hash.finish() }

  /// A repository is known by its commit.
  private mutating func add(_ repository: IdentifiedTree, at place: Int) {
    Array("repository \(place) \(repository.key)\u{0}".utf8).withUnsafeBytes { hash.update($0) }
    files["the commit"] = repository.key
  }

  /// Of the items in their order, and of whole repositories. Blocking: files whose digests are not known are read.
  static func of(
    _ items: [CopyItem], trees: [Int: any FileTree], repositories: [(place: Int, tree: IdentifiedTree)] = []
  ) throws(HullError) -> (digest: Digest, files: [String: String]) {
    var print = CopyFingerprint()
    for repository in repositories { print.add(repository.tree, at: repository.place) }
    for item in items { print.add(item, digest: try digest(item, trees)) }
    return (print.finish(), print.files)
  }

  private static func digest(_ item: CopyItem, _ trees: [Int: any FileTree]) throws(HullError) -> Digest? {
    guard item.node.kind == .regular else { return nil }
    switch item.content {
    case .file(let tree, let path): return try trees[tree]?.digest(path)
    case .bytes(let bytes): return SHA256.digest(of: bytes)
    case .unpacked(let pack, let path): return try pack.digest(path)
    }
  }
}
