// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import Threads

/// `WORKDIR`.
struct DirectoryWork: LayerWork {
  let step: DirectoryStep

  func prepare(_ site: LayerSite) async throws -> PreparedLayer? {
    var ingredients = StepIngredients(instruction: "WORKDIR \(step.path)", base: site.base.chain)
    if !step.owner.isEmpty { ingredients.settings["user"] = step.owner }
    ingredients.settings["source date epoch"] = site.epoch.map(String.init)
    if step.mode != 0o755 { ingredients.settings["mode"] = String(step.mode, radix: 8) }
    ingredients.settings["time"] = step.time.map(String.init)
    let work = self
    return PreparedLayer(ingredients: ingredients) { _ in try await Blocking.run { try work.make(site) } }
  }

  private func make(_ site: LayerSite) throws(HullError) -> FileSystem {
    let tree = try site.solver.store.tree(of: site.base)
    var targets = CopyTargets(base: tree, directoryMode: step.mode)
    let place = try TreePaths.resolve(step.path, in: tree)
    if !step.makesParents { try targets.checkParent(place) }
    try targets.makeDirectories(place)
    guard !targets.isEmpty else { return site.base }
    // Who may enter is not known where there is no list of users: then it is root's.
    let owner = step.owner.isEmpty ? (0, 0) : (try? OwnerLookup(tree).owner(step.owner)) ?? (0, 0)
    let layer = CopyLayer(
      trees: [:], owner: owner, ownsAll: true, mode: nil, directoryTime: step.time ?? site.epoch ?? BuildClock.now(), latest: site.epoch)
    let placed = targets
    return try site.solver.store.makeLayer(above: site.base) { (sink) throws(HullError) in try layer.write(placed, to: sink) }
  }
}
