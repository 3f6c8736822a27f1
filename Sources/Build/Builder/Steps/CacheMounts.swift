// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import Glibc
import LinuxSystem
import OCISpec
import Synchronization
import Threads

/// Directories that outlive builds: `RUN --mount=type=cache`. One for each ID, more where `private` ones are in use at once.
final class CacheMounts: Sendable {
  /// A directory in use.
  struct Lease: Sendable {
    let path: String
    let name: String
  }

  /// Fills a directory that is new. `false`: it could not, and the next one has to.
  typealias Seed = @Sendable (String) throws -> Bool

  private struct State {
    /// How many use a directory.
    var users: [String: Int] = [:]
    /// Those that want one for themselves, the first first.
    var waiting: [String: [Promise<Void>]] = [:]
    /// Bytes, of those that nobody has used since they were counted.
    var sizes: [String: Int64] = [:]
  }

  let directory: String
  private let state = Mutex(State())
  private let making = Monitor<Void>(())

  init(directory: String) { self.directory = directory }

  /// - Parameters:
  ///   - id: what names it.
  ///   - beginsAnew: what is in it goes, unless others are using it.
  ///   - seeds: asked when the directory is new: what fills it, the first that can.
  /// - Throws: `CancellationError` when the task is cancelled while others have the directory.
  func acquire(
    _ id: String, sharing: RunMount.Sharing, owner: (uid: UInt32, gid: UInt32), mode: UInt32, beginsAnew: Bool = false,
    seeds: @Sendable () async throws -> [Seed]
  ) async throws -> Lease {
    let name = try await reserve(SHA256.digest(of: id).hex, sharing)
    let lease = Lease(path: "\(directory)/\(name)/data", name: name)
    do {
      if beginsAnew { try await Blocking.stream { [self] in try clear(lease) } }
      if try await Blocking.stream({ [making] in try making.with { _ in try CacheMounts.use(lease.path) } }) { return lease }
      let seeds = try await seeds()
      // One at a time: of two who come at once the second finds the first one's.
      try await Blocking.stream { [making] in
        try making.with { _ in try CacheMounts.make(lease.path, id: id, owner: owner, mode: mode, seeds: seeds) }
      }
    } catch {
      release(lease)
      throw error
    }
    return lease
  }

  /// Removes what is in a directory that nobody else uses.
  private func clear(_ lease: Lease) throws(HullError) {
    try making.with { (_) throws(HullError) in
      guard state.withLock({ $0.users[lease.name] == 1 }), (try? Files.status(lease.path)) != nil else { return }
      let parent = TreePaths.split(lease.path).parent
      let root = try step("cannot clear the cache mount \(lease.name)") { () throws(SystemError) in try Files.open(parent, O_RDONLY | O_DIRECTORY) }
      try TreeRemoval.remove(Array("data".utf8), in: root.number)
    }
  }

  /// Keeps a directory from being removed, until `release`.
  func hold(_ name: String) { state.withLock { $0.users[name, default: 0] += 1 } }

  func release(_ lease: Lease) {
    let next = state.withLock { state -> Promise<Void>? in
      state.sizes[lease.name] = nil
      state.users[lease.name] = state.users[lease.name].flatMap { $0 > 1 ? $0 - 1 : nil }
      guard state.users[lease.name] == nil, var waiting = state.waiting[lease.name], !waiting.isEmpty else { return nil }
      let next = waiting.removeFirst()
      state.waiting[lease.name] = waiting.isEmpty ? nil : waiting
      state.users[lease.name] = 1
      return next
    }
    next?.fulfil(.success(()))
  }

  /// How many wait for a directory that others have.
  var waiting: Int { state.withLock { $0.waiting.values.reduce(0) { $0 + $1.count } } }

  /// Names in use, which may not be removed.
  var inUse: Set<String> { state.withLock { Set($0.users.keys) } }

  /// All there are.
  func names() throws(HullError) -> [String] {
    let root = try step("cannot list the cache mounts") { [directory] () throws(SystemError) in try Files.open(directory, O_RDONLY | O_DIRECTORY) }
    return try DurableFiles.names(root.number)
  }

  /// Bytes of a directory's files.
  /// - Parameter afresh: counted now, in any case.
  func size(of name: String, afresh: Bool) -> Int64 {
    if !afresh, let known = state.withLock({ $0.sizes[name] }) { return known }
    let size = TreeUsage(ofAnything: "\(directory)/\(name)/data")?.bytes ?? 0
    state.withLock { $0.sizes[name] = size }
    return size
  }

  /// Removes a directory unless somebody uses it. Blocking.
  /// - Returns: whether it is gone.
  func remove(_ name: String) throws(HullError) -> Bool {
    // Who wants it meanwhile gets a new one: it loses its name at once.
    let isGone = try making.with { (_) throws(HullError) -> Bool in
      guard state.withLock({ $0.users[name] == nil }) else { return false }
      guard rename("\(directory)/\(name)/data", "\(directory)/\(name)/old") == 0 || errno == ENOENT else {
        throw HullError("cannot remove the cache mount \(name)", SystemError(errno, "rename"))
      }
      return true
    }
    guard isGone else { return false }
    let root = try step("cannot open the cache mounts") { [directory] () throws(SystemError) in try Files.open(directory, O_RDONLY | O_DIRECTORY) }
    let own = try step("cannot open the cache mount \(name)") { [directory] () throws(SystemError) in
      try Files.open("\(directory)/\(name)", O_RDONLY | O_DIRECTORY)
    }
    try TreeRemoval.remove(Array("old".utf8), in: own.number)
    try making.with { (_) throws(HullError) in
      // Nobody has begun it anew.
      if (try? Files.status("\(directory)/\(name)/data")) == nil, state.withLock({ $0.users[name] == nil }) {
        try TreeRemoval.remove(Array(name.utf8), in: root.number)
      }
    }
    return true
  }

  private func reserve(_ base: String, _ sharing: RunMount.Sharing) async throws -> String {
    switch sharing {
    case .shared:
      hold(base)
      return base
    case .private:
      return state.withLock { state in
        var name = base
        var number = 1
        while state.users[name] != nil {
          number += 1
          name = "\(base)-\(number)"
        }
        state.users[name] = 1
        return name
      }
    case .locked:
      try await lock(base)
      return base
    }
  }

  private func lock(_ name: String) async throws {
    let turn = state.withLock { state -> Promise<Void>? in
      guard state.users[name] != nil else {
        state.users[name] = 1
        return nil
      }
      let turn = Promise<Void>()
      state.waiting[name, default: []].append(turn)
      return turn
    }
    guard let turn else { return }
    do { try await turn.value() } catch {
      let hasWaited = state.withLock { state in
        guard let index = state.waiting[name]?.firstIndex(where: { $0 === turn }) else { return false }
        state.waiting[name]?.remove(at: index)
        return true
      }
      // It had just become ours: the next one's turn.
      if !hasWaited { release(Lease(path: "", name: name)) }
      throw error
    }
  }

  /// Notes the use of a directory that is there. Under the lock: nobody takes it away in between.
  private static func use(_ path: String) throws -> Bool {
    guard (try? Files.status(path)) != nil else { return false }
    utimensat(AT_FDCWD, TreePaths.split(path).parent + "/id", nil, 0)
    return true
  }

  private static func make(_ path: String, id: String, owner: (uid: UInt32, gid: UInt32), mode: UInt32, seeds: [Seed]) throws {
    if try use(path) { return }
    let parent = TreePaths.split(path).parent
    try step("cannot make a cache directory") { () throws(SystemError) in
      try Files.makeDirectories(parent, mode: 0o711)
      let note = try Files.open(parent + "/id", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
      try Files.writeAll(note.number, Array((id + "\n").utf8))
    }
    let root = try step("cannot open a cache directory") { () throws(SystemError) in try Files.open(parent, O_RDONLY | O_DIRECTORY) }
    // Whole before it has its name: an interrupted seed is begun anew.
    let fresh = parent + "/new"
    for seed in seeds + [{ _ in true }] {
      try TreeRemoval.remove(Array("new".utf8), in: root.number)
      try step("cannot make a cache directory") { () throws(SystemError) in try Files.makeDirectories(fresh, mode: mode) }
      if try seed(fresh) { break }
    }
    guard chmod(fresh, mode) == 0, chown(fresh, owner.uid, owner.gid) == 0, rename(fresh, path) == 0 else {
      throw HullError("cannot make a cache directory", SystemError(errno, "rename"))
    }
  }
}
