// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import Glibc
import ImageStore
import LinuxSystem
import OCISpec
import Threads

/// What a command finds mounted, and what has to be undone when it has ended.
final class StepMounts: Sendable {
  let mounts: [StepMount]
  /// `NAME=value` for secrets and agents.
  let environment: [String]
  /// What goes on as results, by their numbers.
  let outputs: [Int: Output]

  /// What a command has written to a mount.
  struct Output: Sendable {
    /// A directory of the host: a union's changes, or with an empty base all there is.
    var directory: String
    var base = FileSystem()
    /// Where it was mounted.
    var target: String
  }

  private let secrets: [[UInt8]]
  private let undo: [@Sendable () async -> Void]

  private init(_ maker: MountMaker) {
    (mounts, environment, outputs) = (maker.mounts, maker.environment, maker.outputs)
    (secrets, undo) = (maker.secrets, maker.undo)
  }

  func release() async { for action in undo.reversed() { await action() } }

  /// Passes on what is output, with secrets made unreadable.
  func mask(_ output: @escaping StepOutput) -> SecretMask { SecretMask(secrets, output: output) }

  static func prepare(_ step: RunStep, _ site: LayerSite, _ binds: [Int: RunWork.BindSource]) async throws -> StepMounts {
    let maker = MountMaker(site: site, user: step.user)
    do {
      for (index, mount) in step.mounts.enumerated() { try await maker.add(mount, binds[index], number: index) }
      if let script = step.script { try await maker.add(script: script) }
      return StepMounts(maker)
    } catch {
      for action in maker.undo.reversed() { await action() }
      throw error
    }
  }
}

/// Makes mounts one after the other.
private final class MountMaker {
  private let site: LayerSite
  private let user: String
  /// Of what it makes: the same step of another build may be under way.
  private let name: String
  private let directory: String
  var mounts: [StepMount] = []
  var environment: [String] = []
  var outputs: [Int: StepMounts.Output] = [:]
  var secrets: [[UInt8]] = []
  var undo: [@Sendable () async -> Void] = []
  private var hasDirectory = false
  private var hasAgent = false

  init(site: LayerSite, user: String) {
    self.site = site
    self.user = user
    let name = "\(site.step.vertex.id.hex.prefix(7))-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
    self.name = name
    directory = "\(site.solver.surroundings.state)/\(name)"
  }

  func add(_ mount: RunStep.Mount, _ bind: RunWork.BindSource?, number: Int) async throws {
    switch mount.mount.kind {
    case .bind: if let bind { try await add(bind, mount) }
    case .tmpfs: mounts.append(.tmpfs(target: mount.target, size: mount.mount.size ?? 0))
    case .cache: try await addCache(mount)
    case .secret: try await addSecret(mount, number)
    case .ssh: try await addAgent(mount, number)
    }
  }

  // MARK: Files of other inputs

  private func add(_ bind: RunWork.BindSource, _ mount: RunStep.Mount) async throws {
    let site = self.site
    let (fileSystem, path) = try await Blocking.stream { () throws -> (FileSystem, String) in
      if case .fileSystem(let fileSystem) = bind.value { return (fileSystem, bind.path) }
      return try Self.layer(bind, site)
    }
    let lower = Array(fileSystem.infos.reversed().map { site.solver.store.images.layers.path(of: $0.chain) })
    if case .tree = bind.value, let number = mount.output { return try await addCopy(lower, path, mount, number) }
    guard mount.mount.readOnly == false || mount.output != nil else {
      mounts.append(
        lower.isEmpty
          ? .bind(source: try await scratch("bind"), target: mount.target, writable: false)
          : .layers(lower, path: path, target: mount.target, changes: nil))
      return
    }
    // What is written to it is gone with the step, unless it is a result.
    let changes = try await scratch("bind")
    for name in ["upper", "work"] { try await Blocking.run { try Self.makeDirectory("\(changes)/\(name)") } }
    mounts.append(.layers(lower, path: path, target: mount.target, changes: changes))
    if let number = mount.output { outputs[number] = StepMounts.Output(directory: changes + "/upper", base: fileSystem, target: mount.target) }
  }

  /// Files that are no layers go on as one layer, with what was changed.
  private func addCopy(_ lower: [String], _ path: String, _ mount: RunStep.Mount, _ number: Int) async throws {
    let copy = try await scratch("bind")
    try await Blocking.stream { try Self.copy(lower, path, to: copy) }
    mounts.append(.bind(source: copy, target: mount.target, writable: true))
    outputs[number] = StepMounts.Output(directory: copy, target: mount.target)
  }

  /// The client's files as a layer of their own, for as long as the build takes.
  private static func layer(_ bind: RunWork.BindSource, _ site: LayerSite) throws -> (FileSystem, String) {
    let isDirectory = try bind.tree.node(bind.path)?.kind == .directory
    let name = TreePaths.split(bind.path).name
    var copy = CopyStep(
      sources: [.files(input: 0, patterns: [bind.path])], destination: "/", intoDirectory: true, instruction: "", verb: "RUN --mount")
    copy.link = true
    copy.details.isLiteral = true
    let items = try CopySelection(step: copy, trees: [0: bind.tree], scratch: "").items()
    var targets = CopyTargets(base: TreePack.empty)
    try targets.place(items, of: copy)
    let layer = CopyLayer(trees: [0: bind.tree], owner: (0, 0), ownsAll: true, mode: nil, directoryTime: 0, latest: nil)
    let placed = targets
    let made = try site.solver.store.makeLayer(above: FileSystem()) { (sink) throws(HullError) in try layer.write(placed, to: sink) }
    return (made, isDirectory ? "" : name)
  }

  private static func copy(_ lower: [String], _ path: String, to target: String) throws {
    guard !lower.isEmpty else { return }
    let union = try step("cannot read a mount's source") { () throws(SystemError) in try UnionMount.detached(lower: lower) }
    let from = try step("cannot read a mount's source") { () throws(SystemError) in try InRoot.open(union.number, "/" + path, O_RDONLY | O_DIRECTORY)
    }
    let to = try step("cannot copy a mount's source") { () throws(SystemError) in try Files.open(target, O_RDONLY | O_DIRECTORY) }
    _ = try TreeClone(from: from.number, to: to.number).run()
  }

  /// A directory on the store's file system that goes with the step.
  private func scratch(_ kind: String) async throws -> String {
    let path = "\(site.solver.surroundings.directory)/scratch/\(name)-\(kind)-\(mounts.count)"
    try await Blocking.run { try Self.makeDirectory(path) }
    undo.append { try? await Blocking.stream { try MountMaker.remove(path) } }
    return path
  }

  private static func makeDirectory(_ path: String) throws(HullError) {
    try step("cannot make a directory for a mount") { () throws(SystemError) in try Files.makeDirectories(path) }
  }

  static func remove(_ path: String) throws {
    let (parent, name) = TreePaths.split(path)
    let root = try step("cannot remove \(path)") { () throws(SystemError) in try Files.open(parent, O_RDONLY | O_DIRECTORY) }
    try TreeRemoval.remove(Array(name.utf8), in: root.number)
  }

  // MARK: Caches

  private func addCache(_ mount: RunStep.Mount) async throws {
    let caches = site.solver.shared.cacheMounts
    let id = mount.mount.id.flatMap { $0.isEmpty ? nil : $0 } ?? mount.target
    let from = mount.input.flatMap { site.inputs[$0] }
    let (store, telling, source) = (site.solver.store, site.solver.telling, mount.mount.source ?? "")
    let lease = try await caches.acquire(
      id, sharing: mount.mount.sharing, owner: (mount.mount.uid ?? 0, mount.mount.gid ?? 0), mode: mount.mount.mode ?? 0o755,
      beginsAnew: site.step.ignoresCache && mount.beginsWithSomething
    ) {
      var seeds: [CacheMounts.Seed] = []
      if let blob = try await CacheBorrowing(store: store, telling: telling).mount(id) {
        seeds.append { path in
          do {
            try MountMaker.unpack(blob, store.images, to: path)
            return true
          } catch {
            telling.report.warn(.cache("the cache mount \(id) begins without what a cache has for it: \(error)"))
            return false
          }
        }
      }
      if case .fileSystem(let fileSystem)? = from {
        let lower = Array(fileSystem.infos.reversed().map { store.images.layers.path(of: $0.chain) })
        seeds.append { path in
          try MountMaker.copy(lower, TreePaths.clean(source), to: path)
          return true
        }
      }
      return seeds
    }
    undo.append { caches.release(lease) }
    store.note(mount: id, at: lease)
    mounts.append(.bind(source: lease.path, target: mount.target, writable: mount.mount.readOnly != true))
  }

  private static func unpack(_ blob: Descriptor, _ images: ImageStore, to path: String) throws(HullError) {
    let root = try step("cannot fill a cache directory") { () throws(SystemError) in try Files.open(path, O_RDONLY | O_DIRECTORY) }
    let extractor = try TarExtractor(root: root.number, disk: DiskGuard(root.number, place: path), options: ExtractOptions())
    _ = try extractor.extract(TarReader(BufferedChunks(try DecompressingSource(try images.blobs.source(blob.digest)))))
  }

  // MARK: Secrets

  private func addSecret(_ mount: RunStep.Mount, _ number: Int) async throws {
    let id = RunPlanner.secretName(mount.mount)
    guard let bytes = try await site.solver.session.secret(id) else {
      guard mount.mount.required else { return }
      throw HullError(.notFound, "secret \(id): not found: pass it with --secret id=\(id),src=FILE")
    }
    secrets.append(bytes)
    if let name = mount.mount.environment, !name.isEmpty { environment.append("\(name)=\(String(decoding: bytes, as: UTF8.self))") }
    guard !mount.target.isEmpty else { return }
    let file = try await stateFile("secret\(number)")
    let (mode, uid, gid) = (mount.mount.mode ?? 0o400, mount.mount.uid ?? 0, mount.mount.gid ?? 0)
    try await Blocking.run { try MountMaker.write(bytes, to: file, mode: mode, uid: uid, gid: gid) }
    mounts.append(.bind(source: file, target: mount.target, writable: false))
  }

  private static func write(_ bytes: [UInt8], to path: String, mode: UInt32, uid: UInt32 = 0, gid: UInt32 = 0) throws {
    try step("cannot keep a secret") { () throws(SystemError) in
      let file = try Files.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
      try Files.writeAll(file.number, bytes)
    }
    guard chown(path, uid, gid) == 0, chmod(path, mode) == 0 else { throw HullError("cannot keep a secret", SystemError(errno, "chmod")) }
  }

  private func stateFile(_ name: String) async throws -> String {
    let directory = self.directory
    if !hasDirectory {
      hasDirectory = true
      try await Blocking.run { try step("cannot make \(directory)") { () throws(SystemError) in try Files.makeDirectories(directory, mode: 0o711) } }
      undo.append { try? await Blocking.run { try MountMaker.remove(directory) } }
    }
    return directory + "/" + name
  }

  func add(script: [UInt8]) async throws {
    let file = try await stateFile("script")
    try await Blocking.run { try MountMaker.write(script, to: file, mode: 0o755) }
    mounts.append(.bind(source: file, target: RunStep.scriptPath, writable: false))
  }

  // MARK: SSH agents

  private func addAgent(_ mount: RunStep.Mount, _ number: Int) async throws {
    let id = mount.mount.id.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
    let session = site.solver.session
    guard let first = try await session.sshAgent(id) else {
      guard mount.mount.required else { return }
      throw HullError(.notFound, "no SSH key \(quoted(id)) forwarded from the client: pass it with --ssh \(id)")
    }
    close(first)
    let file = try await stateFile("agent\(number)")
    let socket = try AgentSocket(path: file, mode: mount.mount.mode ?? 0o600, uid: mount.mount.uid ?? 0, gid: mount.mount.gid ?? 0) {
      try await session.sshAgent(id)
    }
    undo.append { socket.close() }
    mounts.append(.bind(source: file, target: mount.target, writable: true))
    if !hasAgent { environment.append("SSH_AUTH_SOCK=\(mount.target)") }
    hasAgent = true
  }
}
