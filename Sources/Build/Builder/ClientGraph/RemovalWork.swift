// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec
import Threads

/// Files that go.
struct RemoveStep: Sendable, Hashable {
  /// Clean.
  var path: String
  var allowsMissing: Bool
  var isPattern: Bool

  /// What counts for its key, by names that a person understands.
  var settings: [String: String] {
    var settings = ["path": path]
    if allowsMissing { settings["missing"] = "allowed" }
    if isPattern { settings["pattern"] = "yes" }
    return settings
  }
}

struct RemovalWork: LayerWork {
  let step: RemoveStep

  func prepare(_ site: LayerSite) async throws -> PreparedLayer? {
    var ingredients = StepIngredients(instruction: "rm \(step.path)", base: site.base.chain)
    ingredients.settings = step.settings
    ingredients.settings["source date epoch"] = site.epoch.map(String.init)
    let work = self
    return PreparedLayer(ingredients: ingredients) { _ in try await Blocking.run { try work.make(site) } }
  }

  private func make(_ site: LayerSite) throws(HullError) -> FileSystem {
    guard !step.path.isEmpty else { throw HullError(.invalidArgument, "rm: the root cannot be removed: name a path") }
    let tree = try site.solver.store.tree(of: site.base)
    let places = try self.places(tree)
    guard !places.isEmpty else { return site.base }
    return try site.solver.store.makeLayer(above: site.base) { (writer: TarWriter) throws(HullError) in
      for place in places { try writer.begin(TarEntry(whiteoutOf: Array(place.utf8))) }
    }
  }

  /// Where the files are, sorted.
  private func places(_ tree: any FileTree) throws(HullError) -> [String] {
    guard step.isPattern, FilePattern.hasWildcards(step.path) else {
      let (parent, name) = TreePaths.split(step.path)
      let place = TreePaths.join(try TreePaths.resolve(parent, in: tree), name)
      if try tree.node(place) != nil { return [place] }
      guard step.allowsMissing else { throw HullError(.notFound, "rm /\(step.path): no such file or directory") }
      return []
    }
    return try PatternSearch(FilePattern(step.path), tree).found()
  }
}

/// A symbolic link that is made.
struct LinkStep: Sendable, Hashable {
  /// Clean.
  var path: String
  var target: String
  /// As `chown` takes it; `nil`: root.
  var owner: String?
  /// Nanoseconds since 1970; `nil`: now.
  var time: Int64?

  /// What counts for its key, by names that a person understands.
  var settings: [String: String] {
    var settings = ["path": path, "target": target]
    settings["chown"] = owner
    settings["time"] = time.map(String.init)
    return settings
  }
}

struct LinkWork: LayerWork {
  let step: LinkStep

  func prepare(_ site: LayerSite) async throws -> PreparedLayer? {
    var ingredients = StepIngredients(instruction: "symlink \(step.path) -> \(step.target)", base: site.base.chain)
    ingredients.settings = step.settings
    ingredients.settings["source date epoch"] = site.epoch.map(String.init)
    let work = self
    return PreparedLayer(ingredients: ingredients) { _ in try await Blocking.run { try work.make(site) } }
  }

  private func make(_ site: LayerSite) throws(HullError) -> FileSystem {
    let tree = try site.solver.store.tree(of: site.base)
    let (parent, name) = TreePaths.split(step.path)
    let directory = try TreePaths.resolve(parent, in: tree)
    guard try tree.node(directory)?.kind == .directory else {
      throw HullError(.notFound, "symlink /\(step.path): no such file or directory: make its directory first")
    }
    let place = TreePaths.join(directory, name)
    guard try tree.node(place) == nil else { throw HullError(.conflict, "symlink /\(step.path): file exists") }
    var entry = TarEntry(kind: .symbolicLink, path: Array(place.utf8), mode: 0o777)
    (entry.uid, entry.gid) = try step.owner.map { (text) throws(HullError) in try OwnerLookup(tree).owner(text) } ?? (0, 0)
    entry.link = Array(step.target.utf8)
    entry.modified = TarEntry.Time(seconds: (step.time ?? site.epoch ?? BuildClock.now()) / 1_000_000_000)
    let made = entry
    return try site.solver.store.makeLayer(above: site.base) { (writer: TarWriter) throws(HullError) in try writer.begin(made) }
  }
}
