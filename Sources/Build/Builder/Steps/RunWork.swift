// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import Glibc
import Layers
import LinuxSystem
import OCISpec
import Threads

/// `RUN`.
struct RunWork: LayerWork {
  let step: RunStep

  func prepare(_ site: LayerSite) async throws -> PreparedLayer? {
    guard let prepared = try await prepareAll(site) else { return nil }
    return PreparedLayer(ingredients: prepared.ingredients) { output in try await prepared.make(output).root }
  }

  /// What a command has written: to its root, and to the mounts that go on as results of their own, by their numbers.
  typealias Written = (root: FileSystem, outputs: [Int: FileSystem])

  /// A command whose key is known, with all its results.
  typealias Prepared = (ingredients: StepIngredients, make: @Sendable (@escaping StepOutput) async throws -> Written)

  /// `nil`: nobody knows what it finds mounted that is not here.
  func prepareAll(_ site: LayerSite) async throws -> Prepared? {
    guard let binds = try await bindMounts(site) else { return nil }
    let work = self
    return (
      ingredients(site, binds),
      { output in try await site.solver.shared.commands.run { try await work.make(site, binds, output) } }
    )
  }

  private func ingredients(_ site: LayerSite, _ binds: [Int: BindSource]) -> StepIngredients {
    var ingredients = StepIngredients(instruction: "RUN \(step.shown)", base: site.base.chain)
    ingredients.settings = step.settings
    for (index, mount) in step.mounts.enumerated() {
      if let bind = binds[index] { ingredients.contents["mount of \(mount.target)"] = bind.digest.hex }
    }
    return ingredients
  }

  // MARK: Bind mounts

  /// The files that a bind mount shows.
  struct BindSource: Sendable {
    let digest: Digest
    let value: StepValue
    let tree: any FileTree
    /// Below the root of the input.
    let path: String
  }

  private func bindMounts(_ site: LayerSite) async throws -> [Int: BindSource]? {
    var found: [Int: BindSource] = [:]
    for (index, mount) in step.mounts.enumerated() where mount.mount.kind == .bind {
      guard let number = mount.input, let value = site.inputs[number] else { continue }
      let source = try await Blocking.stream { try RunWork.bindSource(value, mount, number, site) }
      guard let source else { return nil }
      found[index] = source
    }
    return found
  }

  private static func bindSource(_ value: StepValue, _ mount: RunStep.Mount, _ number: Int, _ site: LayerSite) throws(HullError) -> BindSource? {
    let (store, selection) = (site.solver.store, mount.selection(in: value))
    guard value.isHere else {
      return selection.flatMap(store.content).map { BindSource(digest: $0, value: value, tree: TreePack.empty, path: "") }
    }
    let found = try bindSource(value, mount.mount.source ?? "", try site.tree(of: value, number))
    if let selection { store.selections.note(selection, found.digest) }
    return found
  }

  private static func bindSource(_ value: StepValue, _ source: String, _ tree: any FileTree) throws(HullError) -> BindSource {
    let path = try TreePaths.resolve(source, in: tree)
    guard try tree.node(path) != nil else {
      throw HullError(.invalidArgument, "failed to calculate checksum of the mount's source: \(quoted("/" + path)): not found")
    }
    if case .fileSystem(let fileSystem) = value, path.isEmpty {
      // Layers are known by their chain: nothing has to be read. A part of them may stay the same when others change.
      return BindSource(digest: SHA256.digest(of: "\(fileSystem.chain?.hex ?? "") \(path)"), value: value, tree: tree, path: path)
    }
    let (digest, _) = try CopyFingerprint.of(items(tree, path), trees: [0: tree])
    return BindSource(digest: digest, value: value, tree: tree, path: path)
  }

  private static func items(_ tree: any FileTree, _ path: String) throws(HullError) -> [CopyItem] {
    var copy = CopyStep(sources: [.files(input: 0, patterns: [path])], destination: "/", intoDirectory: true, instruction: "", verb: "RUN --mount")
    copy.link = true
    copy.details.isLiteral = true
    return try CopySelection(step: copy, trees: [0: tree], scratch: "").items()
  }

  // MARK: Running

  private func make(_ site: LayerSite, _ binds: [Int: BindSource], _ output: @escaping StepOutput) async throws -> Written {
    let solver = site.solver
    let mounts = try await StepMounts.prepare(step, site, binds)
    let mask = mounts.mask(output)
    do {
      let images = solver.store.images
      let run = StepRun(
        id: SHA256.digest(of: "\(solver.request.id) \(site.step.vertex.id) \(BuildClock.now()) \(UInt64.random(in: 0 ... .max))").hex,
        lower: Array(site.base.infos.reversed().map { images.layers.path(of: $0.chain) }), arguments: step.arguments,
        environment: step.environment + step.hiddenEnvironment + mounts.environment, directory: step.directory, user: step.user,
        mounts: mounts.mounts,
        network: step.network, hostname: step.hostname.isEmpty ? solver.request.hostname : step.hostname,
        extraHosts: solver.request.extraHosts + step.extraHosts, limits: step.limits.filled(from: solver.request.limits),
        insecure: step.insecure, platform: step.platform,
        output: mask.write)
      defer { mask.finish() }
      let outcome = try await solver.surroundings.runner.run(run)
      let result = try await finish(outcome, site, mounts)
      await mounts.release()
      return result
    } catch {
      await mounts.release()
      throw error
    }
  }

  private func finish(_ outcome: StepOutcome, _ site: LayerSite, _ mounts: StepMounts) async throws -> Written {
    do {
      let targets = mounts.mounts.map(\.target)
      guard step.exitCodes.contains(outcome.exitCode) else { throw await failure(outcome, site, targets) }
      let result = try await Blocking.stream { () throws -> Written in
        var outputs: [Int: FileSystem] = [:]
        for (number, output) in mounts.outputs {
          let inside = targets.filter { $0.hasPrefix(output.target + "/") }.map { String($0.dropFirst(output.target.count)) }
          outputs[number] = try RunWork.layer(output.directory, above: output.base, site, inside, mountPoints: [])
        }
        return (try RunWork.layer(outcome.upper, above: site.base, site, targets), outputs)
      }
      await outcome.discard()
      return result
    } catch {
      await outcome.discard()
      throw error
    }
  }

  private func failure(_ outcome: StepOutcome, _ site: LayerSite, _ targets: [String]) async -> HullError {
    var kept: String?
    if site.solver.request.keepsFailed {
      let step = FailedStep(step: self.step)
      kept = try? await Blocking.stream { try step.keep(RunWork.layer(outcome.upper, above: site.base, site, targets), site.solver.store.images) }
    }
    return HullError(
      .invalidArgument, "process \(quoted(step.shown)) did not complete successfully",
      cause: StepFailure(exitCode: outcome.exitCode, outOfMemory: outcome.outOfMemory, command: step.shown, kept: kept))
  }

  /// - Parameters:
  ///   - upper: what was changed.
  ///   - targets: where something else was mounted in it.
  ///   - mountPoints: where every container has mounts in it.
  private static func layer(
    _ upper: String, above base: FileSystem, _ site: LayerSite, _ targets: [String], mountPoints: Set<String> = LayerDiff.mountPoints
  ) throws(HullError) -> FileSystem {
    let root = OwnedDescriptor(
      try LinuxSystem.step("cannot read what the step changed") { () throws(SystemError) in try Files.open(upper, O_RDONLY | O_DIRECTORY) }.take())
    let places = try MountPlaces(targets, mountPoints, in: site.solver.store.tree(of: base), changes: root.number)
    return try site.solver.store.makeLayer(above: base) { (sink) throws(HullError) in
      try LayerDiff.write(
        upper: root.number, to: sink, mountPoints: mountPoints, leavingOut: places.own, around: places.around, latest: site.epoch)
    }
  }
}

/// A command that ended with another code than 0: the cause of the error that its step fails with.
package struct StepFailure: Error, Sendable, Equatable, CustomStringConvertible {
  package let exitCode: Int32
  package let outOfMemory: Bool
  /// Words joined by spaces: `/bin/sh -c exit 3`.
  package let command: String
  /// The tag under which its file system is kept.
  package let kept: String?

  package var description: String { "exit code: \(exitCode)" + (outOfMemory ? ": out of memory" : "") }

  /// As Docker's first builder says it: `The command '/bin/sh -c exit 3' returned a non-zero code: 3`.
  package var classic: String { "The command '\(command)' returned a non-zero code: \(exitCode)" }

  /// What a build failed for, when it was a command.
  package init?(of error: any Error) {
    guard let step = ((error as? HullError)?.cause as? BuildFailure)?.step else { return nil }
    self = step
  }

  init(exitCode: Int32, outOfMemory: Bool, command: String, kept: String? = nil) {
    self.kept = kept
    self.exitCode = exitCode
    self.outOfMemory = outOfMemory
    self.command = command
  }
}
