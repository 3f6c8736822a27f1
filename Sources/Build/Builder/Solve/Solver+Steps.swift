// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import OCISpec
import Threads

/// How steps are looked up and done.
extension Solver {
  func perform(_ step: Step, _ inputs: [Int: StepValue], _ need: Need) async throws -> (StepValue, Bool) {
    if let work = step.work { return try await layer(step, inputs, work, need) }
    switch step.operation {
    case .scratch: return (.fileSystem(FileSystem()), false)
    case .image(let id):
      let store = self.store
      return (.fileSystem(try await Blocking.run { try store.fileSystem(of: id) }), !report.hasBrought(id))
    case .context(let name, let selection): return (.tree(try await context(name, selection, step)), false)
    case .download(let file): return (.tree(try await repositories.files.tree(file, progress: report.progress(of: step))), false)
    case .repository(let repository):
      let tree = try await repositories.tree(repository)
      guard !repository.part.isEmpty else { return (.tree(tree), false) }
      return (.tree(IdentifiedTree(tree: try await part(repository.part, of: tree), identity: tree.identity)), false)
    default: return try await performGraph(step, inputs)
    }
  }

  private func context(_ name: String, _ selection: ContextSelection, _ step: Step) async throws -> any FileTree {
    var selection = selection
    if selection.followed.isEmpty { selection.followed = uses.followed(name) }
    let progress = report.progress(of: step)
    let tree = try await session.context(name, selection) { progress("transferring \(name):", $0, 0) }
    return try await part(name == "context" ? request.contextDirectory : "", of: tree)
  }

  /// A directory of a context; an empty path: all of it.
  private func part(_ path: String, of tree: any FileTree) async throws -> any FileTree {
    guard !path.isEmpty else { return tree }
    return try await Blocking.run { try PartOfTree(tree, path) }
  }

  // MARK: Steps that make a layer

  /// A step's result that a cache has, though files of its inputs are not here. `nil`: they are needed.
  func lookUp(_ step: Step, _ inputs: [Int: StepValue], _ need: Need) async throws -> FileSystem? {
    guard !step.ignoresCache, let work = step.work else { return nil }
    let site = try site(step, inputs)
    guard let prepared = try await work.prepare(site), let known = try await cached(prepared, site, need) else { return nil }
    report.settle(before: step.vertex.step, cached: true)
    return known
  }

  private func layer(_ step: Step, _ inputs: [Int: StepValue], _ work: any LayerWork, _ need: Need) async throws -> (StepValue, Bool) {
    let site = try site(step, inputs)
    guard let prepared = try await work.prepare(site) else { throw HullError(.internalError, "\(step.vertex.name) has no key") }
    if !step.ignoresCache, let known = try await cached(prepared, site, need) {
      report.settle(before: step.vertex.step, cached: true)
      return (.fileSystem(known), true)
    }
    telling.make(step)
    report.settle(before: step.vertex.step, cached: false)
    await explain(prepared.ingredients, step)
    return (.fileSystem(try await made(prepared, site)), false)
  }

  private func site(_ step: Step, _ inputs: [Int: StepValue]) throws(HullError) -> LayerSite {
    guard case .fileSystem(let base) = inputs[0] else { throw HullError(.internalError, "\(step.vertex.name) has nothing to stand on") }
    return LayerSite(step: step, base: base, inputs: inputs, solver: self)
  }

  private func made(_ prepared: PreparedLayer, _ site: LayerSite) async throws -> FileSystem {
    let (store, step, base, ingredients) = (store, site.step, site.base, prepared.ingredients)
    // Who else is just doing the same does it for us.
    let work = SHA256.digest(of: "\(ingredients.key.hex) \(base.chain?.hex ?? "")")
    let (result, record) = try await shared.once(work, alone: step.ignoresCache) { relay in
      let result = try await prepared.make(relay)
      return (result, self.record(ingredients, step, base, result))
    } output: { stream, bytes in
      self.report.output(of: step, stream, bytes)
    } adopt: {
      store.adopt($0)
    }
    store.remember(record, result)
    shared.persist(store)
    return result
  }

  /// What the cache of this engine has, or one from elsewhere; of the latter no more than its name where nobody needs more.
  private func cached(_ prepared: PreparedLayer, _ site: LayerSite, _ need: Need) async throws -> FileSystem? {
    let (store, step, base) = (store, site.step, site.base)
    let (key, standsAlone) = (prepared.ingredients.key, prepared.standsAlone)
    if let known = try await Blocking.run({ try store.cached(key, above: base, standsAlone: standsAlone) }) { return known.result }
    if base.isHere, need == .files || fetchesAll {
      let borrowing = CacheBorrowing(store: store, telling: telling)
      let place = self.site(of: step)
      if let lent = try await borrowing.result(key, of: step, above: base, standsAlone: standsAlone, site: place) { return lent }
    }
    return need == .name ? store.named(key, above: base, standsAlone: standsAlone) : nil
  }

  func record(_ ingredients: StepIngredients, _ step: Step, _ base: FileSystem, _ result: FileSystem) -> StepRecord {
    let added = result.layers.count > base.layers.count ? result.layers.last : nil
    return StepRecord(
      key: ingredients.key, site: site(of: step), description: step.vertex.instruction, base: base.chain, layer: added?.info,
      descriptor: added?.descriptor,
      created: added?.created ?? BuildClock.now(), ingredients: ingredients.encoded)
  }

  private func site(of step: Step) -> String {
    let place = "\(dockerfile)\u{0}\(step.stage)\u{0}\(step.vertex.platform ?? "")\u{0}\(step.vertex.name.prefix { $0 != "]" })"
    return SHA256.digest(of: place).hex
  }

  private func explain(_ ingredients: StepIngredients, _ step: Step) async {
    guard request.explains else { return }
    let (images, site) = (store.images, site(of: step))
    let last = try? await Blocking.run { try images.lastBuildStep(at: site) }
    let isNamed = store.lent.steps(ingredients.key).contains { !$0.isWhole }
    report.explain(step, Explanation.reason(ingredients, last: last.flatMap { $0 }, isNamed: isNamed, ignoresCache: step.ignoresCache))
  }
}
