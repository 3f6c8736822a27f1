// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem

/// What a name in a stack of layers stands for.
struct UnionEntry {
  /// The layer that it is seen from.
  let layer: Int
  let status: stat
  /// The layers that make it up when it is a directory, topmost first.
  var directories: [Int] = []

  var size: Int64 { status.isRegular ? Int64(status.st_size) : 0 }

  /// What is not the same as in `other`.
  /// - Parameters: where the one and the other lie.
  func differences(from other: UnionEntry, _ place: TreeFile, _ otherPlace: TreeFile) throws(HullError) -> [StackDifference.Aspect] {
    let (one, two) = (status, other.status)
    if one.st_ino == two.st_ino, one.st_dev == two.st_dev { return [] }
    var found: [StackDifference.Aspect] = []
    let sameType = one.st_mode & S_IFMT == two.st_mode & S_IFMT && one.st_rdev == two.st_rdev
    if !sameType { found.append(.type) }
    if one.st_mode & 0o7777 != two.st_mode & 0o7777, !one.isSymbolicLink, !two.isSymbolicLink { found.append(.mode) }
    if one.st_uid != two.st_uid || one.st_gid != two.st_gid { found.append(.owner) }
    guard sameType else { return found }
    if one.isSymbolicLink, try place.linkTarget() != otherPlace.linkTarget() { found.append(.link) }
    guard one.isRegular || one.isDirectory else { return found }
    let left = OwnedDescriptor(try place.open())
    let right = OwnedDescriptor(try otherPlace.open())
    if one.isRegular {
      let isSame = one.st_size == two.st_size ? try FileComparison.haveSameContent(left.number, right.number) : false
      if !isSame { found.insert(.content, at: 0) }
    }
    if try !FileComparison.haveSameAttributes(left.number, right.number) { found.append(.attributes) }
    return found
  }
}

/// One directory of a stack of layers, as a union mount shows it.
struct UnionDirectory {
  private var entries: [[UInt8]: UnionEntry] = [:]

  /// - Parameters:
  ///   - layers: those that have the directory, topmost first.
  ///   - listings: what they have in it.
  init(_ layers: [Int], _ listings: [Int: (entries: [DirectoryListing.Entry], opaque: Bool)]) {
    // Names that the layers further down do not add to.
    var closed: Set<[UInt8]> = []
    for layer in layers {
      guard let (found, opaque) = listings[layer] else { continue }
      for entry in found where !closed.contains(entry.name) {
        if entry.status.isDirectory {
          entries[entry.name, default: UnionEntry(layer: layer, status: entry.status)].directories.append(layer)
        } else {
          if entries[entry.name] == nil, !entry.status.isWhiteout { entries[entry.name] = UnionEntry(layer: layer, status: entry.status) }
          closed.insert(entry.name)
        }
      }
      if opaque { return }
    }
  }

  var names: some Sequence<[UInt8]> { entries.keys }

  subscript(name: [UInt8]) -> UnionEntry? { entries[name] }
}
