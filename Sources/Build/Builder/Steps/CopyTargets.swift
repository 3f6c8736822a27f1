// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// Finds out where the files of a `COPY` go in a file system, through its links, and which directories must be made. Blocking.
struct CopyTargets {
  /// What a path of the result is to be.
  struct Entry {
    var item: CopyItem?
    /// With `item` nil: a directory that only has to be there.
    var node: TreeNode
  }

  let base: any FileTree
  /// By path, without leading slash.
  private(set) var entries: [String: Entry] = [:]
  private var resolved: [String: String] = [:]
  /// Of directories that must be made on the way.
  private let directoryMode: UInt32

  init(base: any FileTree, directoryMode: UInt32 = 0o755) { (self.base, self.directoryMode) = (base, directoryMode) }

  mutating func place(_ items: [CopyItem], of step: CopyStep) throws(HullError) {
    let destination = try TreePaths.resolve(step.destination, in: base)
    let existing = try base.node(destination)
    let isDirectory = step.intoDirectory || existing?.kind == .directory
    // A destination is there also when patterns below it find nothing.
    if items.isEmpty, step.parents { try makeDirectories(destination) }
    for item in items {
      if item.isLone, item.node.kind != .directory, !isDirectory {
        try put(item, at: destination)
      } else {
        if let existing, existing.kind != .directory { throw HullError(.invalidArgument, "cannot copy to non-directory: \(step.destination)") }
        try put(item, at: TreePaths.join(destination, item.relative), overwrites: !item.relative.isEmpty && !step.parents)
      }
    }
  }

  /// A directory that must be there, with all above it.
  mutating func makeDirectories(_ path: String) throws(HullError) {
    guard !path.isEmpty, entries[path]?.node.kind != .directory else { return }
    if let found = try base.node(path), entries[path] == nil {
      guard found.kind == .directory else { throw HullError(.invalidArgument, "cannot create directory /\(path): file exists") }
      return
    }
    try makeDirectories(TreePaths.split(path).parent)
    entries[path] = Entry(item: nil, node: TreeNode(kind: .directory, mode: directoryMode))
  }

  /// - Parameter overwrites: whether a directory that is there gets the owner, mode and times of this one: as in BuildKit those below a
  ///   destination do, while the destination itself stays as it is.
  private mutating func put(_ item: CopyItem, at path: String, overwrites: Bool = false) throws(HullError) {
    let (parent, name) = TreePaths.split(path)
    let directory = try resolve(parent)
    let place = TreePaths.join(directory, name)
    guard item.node.kind == .directory else {
      if try base.node(place)?.kind == .directory, entries[place] == nil {
        throw HullError(.invalidArgument, "cannot overwrite directory /\(place) with a file")
      }
      try makeDirectories(directory)
      entries[place] = Entry(item: item, node: item.node)
      return
    }
    let target = try resolve(path)
    if target.isEmpty || (entries[target]?.item != nil && !overwrites) { return }
    if let found = try base.node(target) {
      guard found.kind == .directory else { throw HullError(.invalidArgument, "cannot copy to non-directory: /\(target)") }
      if !overwrites { return }
    }
    try makeDirectories(TreePaths.split(target).parent)
    entries[target] = Entry(item: item, node: item.node)
  }

  private mutating func resolve(_ directory: String) throws(HullError) -> String {
    if let known = resolved[directory] { return known }
    let place = try TreePaths.resolve(directory, in: base)
    resolved[directory] = place
    return place
  }
}
