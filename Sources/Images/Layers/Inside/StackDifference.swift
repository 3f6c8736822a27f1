// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import LinuxSystem

/// How the file systems of two images differ.
package enum StackDifference {
  package enum Kind: String, Sendable {
    case added, removed, changed
  }

  /// What is not the same of a path. Times are not compared: they differ between any two builds.
  package enum Aspect: String, Sendable {
    case content, mode, owner, link, type, attributes
  }

  package struct Change: Sendable, Hashable {
    /// Absolute within the image.
    package let path: String
    package let kind: Kind
    /// Bytes of a regular file; 0 for everything else and where there is nothing.
    package let sizeFrom: Int64
    package let sizeTo: Int64
    /// Of a changed path.
    package let what: [Aspect]
  }

  /// Reports every path that is not the same, a directory before what is in it, names in the order of their bytes. What both images have from
  /// the same layers is not looked into; of everything else only the directory being looked at is in memory.
  /// - Parameters:
  ///   - from, to: the directories of the layers, topmost first.
  package static func find(from: [String], to: [String], report: (Change) throws(HullError) -> Void) throws(HullError) {
    let paths = Array(Set(from + to))
    let index = Dictionary(uniqueKeysWithValues: paths.enumerated().map { ($1, $0) })
    var walk = DifferenceWalk(try OpenLayers(paths))
    try walk.run(from: from.compactMap { index[$0] }, to: to.compactMap { index[$0] }, report)
  }
}

/// Goes through both file systems side by side.
private struct DifferenceWalk {
  /// A directory in both images, and how far it has been looked at.
  private struct Place {
    let path: [UInt8]
    var names: ArraySlice<[UInt8]>
    let from: UnionDirectory
    let to: UnionDirectory
  }

  private let layers: OpenLayers
  private var places: [Place] = []

  init(_ layers: OpenLayers) { self.layers = layers }

  mutating func run(from: [Int], to: [Int], _ report: (StackDifference.Change) throws(HullError) -> Void) throws(HullError) {
    enter([], from: from, to: to)
    while var place = places.popLast() {
      guard let name = place.names.popFirst() else { continue }
      let (old, new) = (place.from[name], place.to[name])
      let path = LayerPath.child(name, of: place.path)
      places.append(place)
      if let change = try change(path, old, new) { try report(change) }
      enter(path, from: old?.directories ?? [], to: new?.directories ?? [])
    }
  }

  private mutating func enter(_ path: [UInt8], from: [Int], to: [Int]) {
    guard from != to else { return }
    var listings: [Int: (entries: [DirectoryListing.Entry], opaque: Bool)] = [:]
    for layer in Set(from + to) { listings[layer] = DirectoryListing.entries(layers.roots[layer], path) }
    let (old, new) = (UnionDirectory(from, listings), UnionDirectory(to, listings))
    let names = Set(old.names).union(new.names).sorted { $0.lexicographicallyPrecedes($1) }
    places.append(Place(path: path, names: names[...], from: old, to: new))
  }

  private func change(_ path: [UInt8], _ old: UnionEntry?, _ new: UnionEntry?) throws(HullError) -> StackDifference.Change? {
    let sizes = (old?.size ?? 0, new?.size ?? 0)
    func change(_ kind: StackDifference.Kind, _ what: [StackDifference.Aspect] = []) -> StackDifference.Change {
      StackDifference.Change(path: LayerPath.shown(path), kind: kind, sizeFrom: sizes.0, sizeTo: sizes.1, what: what)
    }
    switch (old, new) {
    case (nil, nil): return nil
    case (nil, _?): return change(.added)
    case (_?, nil): return change(.removed)
    case (let old?, let new?):
      guard old.layer != new.layer else { return nil }
      let aspects = try old.differences(
        from: new, TreeFile(layers.roots[old.layer], path), TreeFile(layers.roots[new.layer], path))
      return aspects.isEmpty ? nil : change(.changed, aspects)
    }
  }
}
