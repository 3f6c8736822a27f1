// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// Finds out where the files of a `COPY` go in a file system, through its links, and which directories must be made. Blocking.
struct CopyTargets {
  /// What a path of the result is to be.
  enum Entry {
    case item(CopyItem)
    /// A directory that only has to be there.
    case directory(TreeNode)

    var node: TreeNode {
      switch self {
      case .item(let item): item.node
      case .directory(let node): node
      }
    }
  }

  let base: any FileTree
  private var paths = PathTable()
  /// By number of the path: below zero a directory of `made`, from the end; zero none: only something below it is placed; otherwise an item, from 1.
  private var places: [Int32] = [0]
  private var items: [CopyItem] = []
  private var made: [TreeNode] = []
  private var resolved: [String: String] = [:]
  /// Of directories that must be made on the way.
  private let directoryMode: UInt32

  init(base: any FileTree, directoryMode: UInt32 = 0o755) { (self.base, self.directoryMode) = (base, directoryMode) }

  /// Nothing is to be written.
  var isEmpty: Bool { paths.count == 1 }

  /// Everything, in the order of the bytes of the paths, which have no leading slash.
  func forEach(_ body: (String, Entry) throws(HullError) -> Void) throws(HullError) {
    var failure: HullError?
    PathOrder(paths).forEach(in: paths) { number in
      guard failure == nil, let entry = entry(number) else { return }
      do throws(HullError) { try body(paths.path(number), entry) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  private func entry(_ path: String) -> Entry? { paths.find(path).flatMap { entry($0) } }

  private func entry(_ number: Int) -> Entry? {
    let place = Int(places[number])
    if place == 0 { return nil }
    return place > 0 ? .item(items[place - 1]) : .directory(made[-place - 1])
  }

  private mutating func put(_ place: Int, at path: String) throws(HullError) {
    guard path.utf8.split(separator: UInt8(ascii: "/")).allSatisfy({ $0.count <= PathTable.longestName }) else {
      throw HullError(.invalidArgument, "cannot copy to \(quoted(String(path.prefix(80))))…: file name too long")
    }
    let number = paths.insert(path)
    while places.count < paths.count { places.append(0) }
    places[number] = Int32(place)
  }

  mutating func place(_ items: [CopyItem], of step: CopyStep) throws(HullError) {
    let destination = try TreePaths.resolve(step.destination, in: base)
    let existing = try base.node(destination)
    if step.details.needsParent { try checkParent(destination) }
    let isDirectory = step.intoDirectory || existing?.kind == .directory
    // A destination is there also when patterns below it find nothing.
    if items.isEmpty, step.parents { try makeDirectories(destination) }
    let first = self.items.count
    self.items += items
    for (index, item) in items.enumerated() {
      let number = first + index + 1
      if item.isLone, item.node.kind != .directory, !isDirectory {
        try put(item, number, at: destination)
      } else {
        if let existing, existing.kind != .directory { throw HullError(.invalidArgument, "cannot copy to non-directory: \(step.destination)") }
        // A directory goes into one that is there; otherwise it gets the destination's name.
        let relative = existing?.kind == .directory ? TreePaths.join(item.directory, item.relative) : item.relative
        try put(item, number, at: TreePaths.join(destination, relative), overwrites: !relative.isEmpty && !step.parents)
      }
    }
  }

  /// Throws `notFound` when the directory is not there that a path is in.
  func checkParent(_ path: String) throws(HullError) {
    let parent = TreePaths.split(path).parent
    if parent.isEmpty { return }
    guard try base.node(parent)?.kind == .directory else {
      throw HullError(.notFound, "/\(path): no such file or directory: make its directory first")
    }
  }

  /// A directory that must be there, with all above it.
  mutating func makeDirectories(_ path: String) throws(HullError) {
    let planned = entry(path)
    guard !path.isEmpty, planned?.node.kind != .directory else { return }
    if let found = try base.node(path), planned == nil {
      guard found.kind == .directory else { throw HullError(.invalidArgument, "cannot create directory /\(path): file exists") }
      return
    }
    try makeDirectories(TreePaths.split(path).parent)
    made.append(TreeNode(kind: .directory, mode: directoryMode))
    try put(-made.count, at: path)
  }

  /// - Parameter overwrites: whether a directory that is there gets the owner, mode and times of this one: as in BuildKit those below a
  ///   destination do, while the destination itself stays as it is.
  private mutating func put(_ item: CopyItem, _ number: Int, at path: String, overwrites: Bool = false) throws(HullError) {
    let (parent, name) = TreePaths.split(path)
    let directory = try resolve(parent)
    let place = TreePaths.join(directory, name)
    guard item.node.kind == .directory else {
      if try base.node(place)?.kind == .directory, entry(place) == nil {
        throw HullError(.invalidArgument, "cannot overwrite directory /\(place) with a file")
      }
      try makeDirectories(directory)
      return try put(number, at: place)
    }
    let target = try resolve(path)
    if target.isEmpty { return }
    if case .item = entry(target), !overwrites { return }
    if let found = try base.node(target) {
      guard found.kind == .directory else { throw HullError(.invalidArgument, "cannot copy to non-directory: /\(target)") }
      if !overwrites { return }
    }
    try makeDirectories(TreePaths.split(target).parent)
    try put(number, at: target)
  }

  private mutating func resolve(_ directory: String) throws(HullError) -> String {
    if let known = resolved[directory] { return known }
    let place = try TreePaths.resolve(directory, in: base)
    resolved[directory] = place
    return place
  }
}
