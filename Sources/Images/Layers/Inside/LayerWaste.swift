// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import LinuxSystem

/// Bytes in a stack of layers that nobody sees any more: of files that a later layer overwrites or removes.
package struct LayerWaste: Sendable {
  package enum Reason: String, Sendable, Hashable {
    case overwritten, removed
  }

  package struct File: Sendable, Hashable {
    /// Absolute within the image.
    package let path: String
    package let size: Int64
    package let reason: Reason
    /// The layer that it is in and the later one that hides it: positions in the stack, the lowest is 0.
    package let layer: Int
    package let hiddenBy: Int
  }

  /// By layer, lowest first: all of its wasted bytes.
  package private(set) var bytes: [Int64]
  private var files: [File] = []
  private let limit: Int

  /// - Parameters:
  ///   - directories: the layers', lowest first.
  ///   - limit: so many files are remembered, the largest.
  package init(of directories: [String], limit: Int) throws(HullError) {
    bytes = Array(repeating: 0, count: directories.count)
    self.limit = limit
    var walk = WasteWalk(try OpenLayers(directories))
    walk.run { add($0) }
  }

  /// The largest first.
  package var largest: [File] { Array(LayerWaste.sorted(files).prefix(limit)) }

  private mutating func add(_ file: File) {
    bytes[file.layer] += file.size
    files.append(file)
    // Now and then those that will not be among the largest are forgotten.
    if files.count >= 2 * limit + 64 { files = largest }
  }

  private static func sorted(_ files: [File]) -> [File] { files.sorted { ($1.size, $0.path, $0.layer) < ($0.size, $1.path, $1.layer) } }
}

/// Goes through those directories that several layers have, from the root down.
private struct WasteWalk {
  /// From when on something is not seen.
  private struct Hiding {
    let layer: Int
    let reason: LayerWaste.Reason
  }

  /// A layer that has the directory.
  private struct Member {
    let layer: Int
    var hiding: Hiding?
  }

  private struct Place {
    let path: [UInt8]
    /// Lowest first.
    let members: [Member]
  }

  /// A file with several names: it is wasted when the last of them is.
  private struct LinkedFile {
    var left: Int
    /// The first of its names.
    var path: [UInt8]
    var hiding: Hiding
  }

  private struct LinkKey: Hashable {
    let layer: Int
    let inode: UInt64
  }

  private let layers: OpenLayers
  private var pending: [Place]
  private var linked: [LinkKey: LinkedFile] = [:]

  init(_ layers: OpenLayers) {
    self.layers = layers
    pending = [Place(path: [], members: layers.roots.indices.map { Member(layer: $0) })]
  }

  mutating func run(_ report: (LayerWaste.File) -> Void) {
    while let place = pending.popLast() { visit(place, report) }
  }

  private mutating func visit(_ place: Place, _ report: (LayerWaste.File) -> Void) {
    var members = place.members
    var occurrences: [[UInt8]: [(member: Int, status: DirectoryListing.Entry)]] = [:]
    for index in members.indices {
      guard let (entries, opaque) = DirectoryListing.entries(layers.roots[members[index].layer], place.path) else { continue }
      if opaque { hide(&members, below: index) }
      for entry in entries { occurrences[entry.name, default: []].append((index, entry)) }
    }
    for (name, found) in occurrences { visit(LayerPath.child(name, of: place.path), found.map { (members[$0.member], $0.status) }, report) }
  }

  /// An opaque directory hides what the layers below have in it.
  private func hide(_ members: inout [Member], below index: Int) {
    let layer = members[index].layer
    for lower in members[..<index].indices where members[lower].hiding.map({ $0.layer > layer }) ?? true {
      members[lower].hiding = Hiding(layer: layer, reason: .removed)
    }
  }

  private mutating func visit(
    _ path: [UInt8], _ found: [(member: Member, entry: DirectoryListing.Entry)], _ report: (LayerWaste.File) -> Void
  ) {
    var directories: [Member] = []
    for (index, (member, entry)) in found.enumerated() {
      let hiding = hiding(of: entry, in: member, later: found[(index + 1)...])
      if entry.status.isDirectory {
        directories.append(Member(layer: member.layer, hiding: hiding.map { Hiding(layer: $0.layer, reason: .removed) }))
      } else if let hiding, entry.status.isRegular, entry.status.st_size > 0 {
        count(path, entry, member.layer, hiding, report)
      }
    }
    // In a directory that one layer alone has nothing is hidden.
    if directories.count > 1 || directories.contains(where: { $0.hiding != nil }) { pending.append(Place(path: path, members: directories)) }
  }

  private func hiding(
    of entry: DirectoryListing.Entry, in member: Member, later: ArraySlice<(member: Member, entry: DirectoryListing.Entry)>
  ) -> Hiding? {
    for (other, replacement) in later {
      let isWhiteout = replacement.status.isWhiteout
      // Two directories are one; but an opaque one hides the other.
      let replaces = !isWhiteout && !(entry.status.isDirectory && replacement.status.isDirectory)
      if let hiding = member.hiding, hiding.layer <= other.layer {
        return hiding.layer == other.layer && replaces ? Hiding(layer: other.layer, reason: .overwritten) : hiding
      }
      if isWhiteout { return Hiding(layer: other.layer, reason: .removed) }
      if replaces { return Hiding(layer: other.layer, reason: .overwritten) }
    }
    return member.hiding
  }

  private mutating func count(
    _ path: [UInt8], _ entry: DirectoryListing.Entry, _ layer: Int, _ hiding: Hiding, _ report: (LayerWaste.File) -> Void
  ) {
    let size = Int64(entry.status.st_size)
    guard entry.status.st_nlink > 1 else {
      report(.init(path: LayerPath.shown(path), size: size, reason: hiding.reason, layer: layer, hiddenBy: hiding.layer))
      return
    }
    let key = LinkKey(layer: layer, inode: UInt64(entry.status.st_ino))
    var file = linked[key] ?? LinkedFile(left: Int(entry.status.st_nlink), path: path, hiding: hiding)
    file.left -= 1
    if path.lexicographicallyPrecedes(file.path) { file.path = path }
    if hiding.layer > file.hiding.layer { file.hiding = hiding }
    linked[key] = file
    guard file.left == 0 else { return }
    linked[key] = nil
    report(.init(path: LayerPath.shown(file.path), size: size, reason: file.hiding.reason, layer: layer, hiddenBy: file.hiding.layer))
  }
}
