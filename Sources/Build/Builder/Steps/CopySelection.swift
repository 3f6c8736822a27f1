// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec

/// One file that a `COPY` or `ADD` takes.
struct CopyItem: Sendable {
  enum Content: Sendable {
    /// In tree number `tree`.
    case file(tree: Int, path: String)
    case bytes([UInt8])
    /// An archive's file: its own owner stays.
    case unpacked(TreePack, path: String)
  }

  var content: Content
  var node: TreeNode
  /// Where it goes below the destination; empty: the destination itself, which is a directory.
  var relative: String
  /// The name of the directory that it was copied with, where that counts.
  var directory = ""
  /// The only one, under a name that the destination says unless that is a directory.
  var isLone = false
  /// Its owner stays: of an archive, a stage or an image. What comes from a client or the web belongs to root.
  var keepsOwner = false
}

/// Finds the files that a `COPY` or `ADD` takes, in order. Blocking.
struct CopySelection {
  let step: CopyStep
  /// By input number.
  let trees: [Int: any FileTree]
  /// Where unpacked archives are kept.
  let scratch: String
  private let excluded: IgnorePatterns
  /// What it says to exclude is what is wanted.
  private let included: IgnorePatterns

  init(step: CopyStep, trees: [Int: any FileTree], scratch: String) throws(HullError) {
    self.step = step
    self.trees = trees
    self.scratch = scratch
    excluded = try IgnorePatterns(step.excludes)
    included = try IgnorePatterns(step.details.includes)
  }

  func items() throws(HullError) -> [CopyItem] {
    var items: [CopyItem] = []
    for source in step.sources {
      switch source {
      case .files(let input, let patterns): for pattern in patterns { items += try files(pattern, input) }
      case .inline(let name, let bytes):
        var node = TreeNode(kind: .regular, mode: 0o644)
        node.size = Int64(bytes.count)
        items.append(CopyItem(content: .bytes(bytes), node: node, relative: name, isLone: step.sources.count == 1))
      case .download(let input, let name): items += try download(input, name)
      case .repository(let input): items += try contents(of: "", in: input)
      }
    }
    return items
  }

  private func tree(_ input: Int) throws(HullError) -> any FileTree {
    guard let tree = trees[input] else { throw HullError(.internalError, "a source of \(step.verb) is missing") }
    return tree
  }

  // MARK: Files of a tree

  private func files(_ pattern: String, _ input: Int) throws(HullError) -> [CopyItem] {
    let (pattern, pivot) = split(pattern)
    let matches = try self.matches(pattern, in: input)
    guard !matches.isEmpty || isPattern(pattern) && !step.details.needsFiles else { throw missing(pattern) }
    var items: [CopyItem] = []
    for match in matches { items += try one(match, input, pivot: pivot, isOnly: matches.count == 1 && step.sources.count == 1) }
    return items
  }

  /// With `--parents` what is before `/./` is not kept.
  private func split(_ pattern: String) -> (pattern: String, pivot: String) {
    guard step.parents, let range = pattern.firstRange(of: "/./") else { return (TreePaths.clean(pattern), "") }
    return (TreePaths.clean(pattern), TreePaths.clean(String(pattern[..<range.lowerBound])))
  }

  private func missing(_ path: String) -> HullError {
    guard let origin = step.origin else {
      return HullError(
        .invalidArgument,
        "\(step.verb) failed: file not found in build context or excluded by .dockerignore: stat \(path): file does not exist")
    }
    let hint = origin == CopyStep.mainContext ? ": it is not in the build context, or .dockerignore leaves it out" : ""
    return HullError(
      .invalidArgument, "failed to compute cache key: failed to calculate checksum of ref \(origin): \"/\(path)\": not found\(hint)")
  }

  private func matches(_ pattern: String, in input: Int) throws(HullError) -> [String] {
    let tree = try tree(input)
    guard isPattern(pattern) else {
      let place = try TreePaths.resolve(pattern, in: tree, followsLast: false)
      return try tree.node(place) == nil ? [] : [place]
    }
    return try PatternSearch(FilePattern(pattern, allowsDoubleStar: step.parents), tree).found()
  }

  private func isPattern(_ text: String) -> Bool { !step.details.isLiteral && FilePattern.hasWildcards(text) }

  private func one(_ match: String, _ input: Int, pivot: String, isOnly: Bool) throws(HullError) -> [CopyItem] {
    let tree = try tree(input)
    let place = try TreePaths.resolve(match, in: tree)
    guard let node = try tree.node(place) else { throw missing(match) }
    let parent = step.parents ? TreePaths.split(TreePaths.dropFirst(pivot.split(separator: "/").count, of: match)).parent : ""
    let name = TreePaths.split(match).name
    if node.kind == .directory {
      return try contents(of: place, in: input).map { item in
        var item = item
        item.relative = TreePaths.join(step.parents ? TreePaths.join(parent, name) : "", item.relative)
        if step.details.keepsDirectory { item.directory = name }
        return item
      }
    }
    if excluded.excludes(name) || excluded.excludes(match) || !isIncluded(name, node) { return [] }
    if step.unpacks, let unpacked = try unpack(place, in: tree, node) { return unpacked }
    return [CopyItem(content: .file(tree: input, path: place), node: node, relative: TreePaths.join(parent, name), isLone: isOnly && !step.parents)]
  }

  /// Everything in a directory, itself first.
  private func contents(of directory: String, in input: Int) throws(HullError) -> [CopyItem] {
    let tree = try tree(input)
    var items: [CopyItem] = []
    try walk(tree, directory, below: "") { path, relative, node in
      items.append(CopyItem(content: .file(tree: input, path: path), node: node, relative: relative))
    }
    return items
  }

  private func walk(
    _ tree: any FileTree, _ path: String, below relative: String, _ body: (String, String, TreeNode) -> Void
  ) throws(HullError) {
    guard let node = try tree.node(path) else { return }
    let isExcluded = !relative.isEmpty && !excluded.isEmpty && (excluded.excludes(relative) || excluded.excludes(path))
    if isExcluded, node.kind != .directory || !excluded.mayHaveIncludedChild(of: relative) { return }
    if !isExcluded, isIncluded(relative, node) { body(path, relative, node) }
    guard node.kind == .directory else { return }
    for name in try tree.names(in: path) {
      let inner = TreePaths.join(path, name)
      // Of the same text there is one copy: a context may have very many files.
      try walk(tree, inner, below: path == relative ? inner : TreePaths.join(relative, name), body)
    }
  }

  /// Directories come when something in them does.
  private func isIncluded(_ relative: String, _ node: TreeNode) -> Bool {
    guard !included.isEmpty else { return true }
    return node.kind == .directory ? relative.isEmpty : included.excludes(relative)
  }

  // MARK: Downloads and archives

  private func download(_ input: Int, _ name: String) throws(HullError) -> [CopyItem] {
    let tree = try tree(input)
    guard let file = try tree.names(in: "").first, var node = try tree.node(file) else { throw missing(name) }
    if step.unpacksDownloads, let unpacked = try unpack(file, in: tree, node) { return unpacked }
    node.mode = 0o600
    return [CopyItem(content: .file(tree: input, path: file), node: node, relative: name, isLone: step.sources.count == 1)]
  }

  /// `nil` when it is no archive.
  private func unpack(_ path: String, in tree: any FileTree, _ node: TreeNode) throws(HullError) -> [CopyItem]? {
    guard node.kind == .regular, try ArchiveDetection.isArchive(path, in: tree, scratch: scratch) else { return nil }
    let pack = try TreePack.receive(try tree.source(path), keptIn: scratch)
    var items: [CopyItem] = []
    try walk(pack, "", below: "") { path, relative, node in
      // What is there stays as it is, and what is not is made.
      if pack.isImplied(path), !relative.isEmpty { return }
      items.append(CopyItem(content: .unpacked(pack, path: path), node: node, relative: relative, keepsOwner: true))
    }
    return items
  }
}
