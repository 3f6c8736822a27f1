// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import LinuxSystem
import OCISpec

/// A file system that another build holds: it stays as long as that one is open.
struct LentLayers: Sendable, Hashable {
  let fileSystem: FileSystem

  static func == (one: LentLayers, other: LentLayers) -> Bool { one.fileSystem.chain == other.fileSystem.chain }

  func hash(into hasher: inout Hasher) { hasher.combine(fileSystem.chain) }
}

extension BuildStore {
  /// File systems on top of each other, the first lowest: each one's layers above those before it. Blocking.
  func stacked(_ fileSystems: [FileSystem]) throws(HullError) -> FileSystem {
    var result = fileSystems.first ?? FileSystem()
    for other in fileSystems.dropFirst() { result = try stacked(other.layers, on: result) }
    return result
  }

  private func stacked(_ layers: [FileSystem.Layer], on base: FileSystem) throws(HullError) -> FileSystem {
    var result = base
    for layer in layers {
      let info = try images.unpackLayer(layer.descriptor, diffID: layer.info.diffID, above: result.infos, claim)
      result = result.adding(FileSystem.Layer(info: info, descriptor: layer.descriptor, created: layer.created))
    }
    return result
  }

  /// What one file system changes of another, without that other. Blocking.
  func difference(lower: FileSystem, upper: FileSystem) throws(HullError) -> FileSystem {
    if lower.layers.isEmpty { return upper }
    if upper.layers.count >= lower.layers.count, upper.layers[lower.layers.count - 1].info.chain == lower.chain {
      return try stacked(Array(upper.layers.dropFirst(lower.layers.count)), on: FileSystem())
    }
    let comparison = TreeComparison(lower: try tree(of: lower), upper: try tree(of: upper))
    return try makeLayer(above: FileSystem()) { (writer: TarWriter) throws(HullError) in try comparison.write(to: writer) }
  }
}

/// What differs between two trees, as a layer archive. Blocking.
struct TreeComparison {
  private let lower: any FileTree
  private let upper: any FileTree

  init(lower: any FileTree, upper: any FileTree) { (self.lower, self.upper) = (lower, upper) }

  func write(to writer: TarWriter) throws(HullError) { try compare("", writer) }

  private func compare(_ directory: String, _ writer: TarWriter) throws(HullError) {
    let known = try lower.node(directory)?.kind == .directory ? lower.names(in: directory) : []
    let names = try upper.names(in: directory)
    let present = Set(names)
    for name in known where !present.contains(name) { try writer.begin(TarEntry(whiteoutOf: Array(TreePaths.join(directory, name).utf8))) }
    for name in names {
      let path = TreePaths.join(directory, name)
      guard let node = try upper.node(path) else { continue }
      if try isOther(node, path) { try TreeTar.add(path, node, of: upper, to: writer) }
      if node.kind == .directory { try compare(path, writer) }
    }
  }

  private func isOther(_ node: TreeNode, _ path: String) throws(HullError) -> Bool {
    guard var old = try lower.node(path) else { return true }
    if node.kind == .directory { old.modified = node.modified }
    guard old == node else { return true }
    guard node.kind == .regular else { return false }
    return try lower.digest(path) != upper.digest(path)
  }
}
