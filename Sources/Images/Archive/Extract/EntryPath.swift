// SPDX-License-Identifier: Apache-2.0

/// An entry's path, taken apart: where it belongs below the root.
package struct EntryPath: Sendable, Hashable {
  /// Components of the directory, joined by single slashes; empty for the root.
  package let parent: [UInt8]
  /// The last component; empty for the root itself.
  package let leaf: [UInt8]

  /// Leading slashes and `.` components mean nothing; `nil` when a component is `..`.
  package init?(_ path: [UInt8]) {
    let slash = UInt8(ascii: "/")
    let dot = UInt8(ascii: ".")
    var components: [ArraySlice<UInt8>] = []
    for component in path.split(separator: slash) {
      if component.elementsEqual([dot]) { continue }
      if component.elementsEqual([dot, dot]) { return nil }
      components.append(component)
    }
    leaf = components.popLast().map(Array.init) ?? []
    parent = Array(components.joined(separator: [slash]))
  }

  package var isRoot: Bool { leaf.isEmpty }

  package var whole: [UInt8] { parent.isEmpty ? leaf : parent + [UInt8(ascii: "/")] + leaf }
}

/// What the names of a layer archive mean (OCI image specification, whiteouts; the second prefix is AUFS's own bookkeeping).
enum Whiteout {
  case none, opaque, bookkeeping
  case hides([UInt8])

  static let prefix = Array(".wh.".utf8)
  static let metaPrefix = Array(".wh..wh.".utf8)
  static let opaqueName = Array(".wh..wh..opq".utf8)

  init(_ path: EntryPath) {
    if path.leaf == Whiteout.opaqueName {
      self = .opaque
    } else if path.leaf.starts(with: Whiteout.metaPrefix) || path.parent.starts(with: Whiteout.metaPrefix) {
      self = .bookkeeping
    } else if path.leaf.starts(with: Whiteout.prefix) {
      self = .hides(Array(path.leaf.dropFirst(Whiteout.prefix.count)))
    } else {
      self = .none
    }
  }
}

extension TarEntry {
  /// What stands in a layer for a file that is gone (OCI image specification, layer.md, whiteouts).
  package init(whiteoutOf path: [UInt8]) {
    let leaf = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    self.init(kind: .regular, path: path[..<leaf] + Whiteout.prefix + path[leaf...], mode: 0)
  }
}
