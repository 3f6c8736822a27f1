// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec
import Threads

/// `COPY` and `ADD`.
struct CopyWork: LayerWork {
  let step: CopyStep

  private struct Found: Sendable {
    var items: [CopyItem]
    var trees: [Int: any FileTree]
    var digest: Digest
    var files: [String: String]
  }

  func prepare(_ site: LayerSite) async throws -> PreparedLayer? {
    let work = self
    let find: @Sendable () throws -> Found? = { try work.find(site) }
    guard let found = try await isQuick(site) ? Blocking.run(find) : Blocking.stream(find) else { return nil }
    var ingredients = StepIngredients(
      instruction: "\(step.verb) … \(step.destination)\(step.intoDirectory ? "/" : "")", base: standsAlone ? nil : site.base.chain)
    ingredients.settings = step.settings
    ingredients.settings["source date epoch"] = site.epoch.map(String.init)
    ingredients.contents["files"] = found.digest.hex
    ingredients.files = found.files
    return PreparedLayer(ingredients: ingredients, standsAlone: standsAlone) { _ in
      let found = try await work.complete(found, site)
      return try await Blocking.stream { try work.make(site, found) }
    }
  }

  /// A linked layer is the same whatever lies below it, unless owners' names are looked up there.
  private var standsAlone: Bool { step.link && !(step.owner ?? "").contains { $0.isLetter } }

  /// A few files whose sums are known: another thread would take longer than they do.
  private func isQuick(_ site: LayerSite) -> Bool {
    !step.unpacks
      && site.inputs.allSatisfy { index, value in
        guard index > 0 else { return true }
        guard case .tree(let tree) = value, let pack = tree as? TreePack else { return false }
        return pack.count <= 256
      }
  }

  /// What is known without fetching repositories: their commits stand for their files. `nil`: nobody knows what files it takes that are not here.
  private func find(_ site: LayerSite) throws(HullError) -> Found? {
    let (store, selection) = (site.solver.store, step.selection(in: site.inputs))
    guard site.hasFiles else { return selection.flatMap(store.content).map { Found(items: [], trees: [:], digest: $0, files: [:]) } }
    let trees = try site.trees()
    let identified = step.identified(among: trees)
    let items = try items(step.without(Set(identified.map { $0.place })), trees, site)
    let (digest, files) = try CopyFingerprint.of(items, trees: trees, repositories: identified)
    if let selection { store.selections.note(selection, digest) }
    return Found(items: items, trees: trees, digest: digest, files: files)
  }

  /// With the files of repositories, which are fetched now.
  private func complete(_ found: Found, _ site: LayerSite) async throws -> Found {
    let identified = step.identified(among: found.trees)
    guard !identified.isEmpty else { return found }
    for (_, tree) in identified { try await tree.bring() }
    let work = self
    return try await Blocking.stream {
      var found = found
      found.items = try work.items(work.step, found.trees, site)
      return found
    }
  }

  private func items(_ step: CopyStep, _ trees: [Int: any FileTree], _ site: LayerSite) throws(HullError) -> [CopyItem] {
    try CopySelection(step: step, trees: trees, scratch: site.solver.surroundings.directory).items().map { owned($0, site) }
  }

  /// What a stage or an image has keeps its owner; a destination that is made for it is root's.
  private func owned(_ item: CopyItem, _ site: LayerSite) -> CopyItem {
    guard case .file(let tree, _) = item.content, case .fileSystem = site.inputs[tree], !item.relative.isEmpty else { return item }
    var item = item
    item.keepsOwner = true
    return item
  }

  private func make(_ site: LayerSite, _ found: Found) throws(HullError) -> FileSystem {
    let base = try site.solver.store.tree(of: step.link ? FileSystem() : site.base)
    let mode = try step.mode.map { (text) throws(HullError) in try FileMode(text) }
    var targets = CopyTargets(base: base, directoryMode: mode?.octal ?? 0o755)
    try targets.place(found.items, of: step)
    let owner = try step.owner.map { (text) throws(HullError) in try OwnerLookup(try site.solver.store.tree(of: site.base)).owner(text) } ?? (0, 0)
    let newest = found.items.map(\.node.modified).max() ?? 0
    let layer = CopyLayer(
      trees: found.trees, owner: owner, ownsAll: step.owner != nil, mode: mode, directoryTime: site.epoch ?? newest, latest: site.epoch,
      time: step.time)
    let placed = targets
    return try site.solver.store.makeLayer(above: site.base) { (sink) throws(HullError) in try layer.write(placed, to: sink) }
  }
}
