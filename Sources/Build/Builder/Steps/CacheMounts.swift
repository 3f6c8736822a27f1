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

  private struct State {
    /// How many use a directory.
    var users: [String: Int] = [:]
    var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]
    /// What fills a directory that is not there yet, by ID: from a cache that was brought in.
    var lent: [String: @Sendable (String) throws -> Void] = [:]
  }

  let directory: String
  private let state = Mutex(State())
  private let making = Monitor<Void>(())

  init(directory: String) { self.directory = directory }

  /// - Parameters:
  ///   - id: what names it.
  ///   - seed: fills a directory that is new.
  func acquire(
    _ id: String, sharing: RunMount.Sharing, owner: (uid: UInt32, gid: UInt32), mode: UInt32, seed: @escaping @Sendable (String) throws -> Void
  )
    async throws -> Lease
  {
    let base = SHA256.digest(of: id).hex
    let lent = state.withLock { $0.lent[id] }
    let name = await reserve(base, sharing)
    let path = "\(directory)/\(name)/data"
    do {
      // One at a time: of two who come at once the second finds the first one's.
      try await Blocking.stream { [making] in
        try making.with { _ in try CacheMounts.make(path, id: id, owner: owner, mode: mode, seed: lent ?? seed) }
      }
    } catch {
      release(Lease(path: path, name: name))
      throw error
    }
    return Lease(path: path, name: name)
  }

  /// The next directory of this ID that is made begins with what `fill` puts into it.
  func lend(_ id: String, _ fill: @escaping @Sendable (String) throws -> Void) { state.withLock { $0.lent[id] = fill } }

  func release(_ lease: Lease) {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.users[lease.name] = state.users[lease.name].flatMap { $0 > 1 ? $0 - 1 : nil }
      guard state.users[lease.name] == nil, var waiting = state.waiting[lease.name], !waiting.isEmpty else { return nil }
      let next = waiting.removeFirst()
      state.waiting[lease.name] = waiting
      state.users[lease.name] = 1
      return next
    }
    next?.resume()
  }

  /// Names in use, which may not be removed.
  var inUse: Set<String> { state.withLock { Set($0.users.keys) } }

  private func reserve(_ base: String, _ sharing: RunMount.Sharing) async -> String {
    switch sharing {
    case .shared:
      state.withLock { $0.users[base, default: 0] += 1 }
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
      await withCheckedContinuation { continuation in
        let free = state.withLock { state in
          guard state.users[base] == nil else {
            state.waiting[base, default: []].append(continuation)
            return false
          }
          state.users[base] = 1
          return true
        }
        if free { continuation.resume() }
      }
      return base
    }
  }

  private static func make(_ path: String, id: String, owner: (uid: UInt32, gid: UInt32), mode: UInt32, seed: (String) throws -> Void) throws {
    if (try? Files.status(path)) != nil { return }
    let parent = TreePaths.split(path).parent
    try step("cannot make a cache directory") { () throws(SystemError) in
      try Files.makeDirectories(parent, mode: 0o711)
      let note = try Files.open(parent + "/id", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
      try Files.writeAll(note.number, Array((id + "\n").utf8))
    }
    // Whole before it has its name: an interrupted seed is begun anew.
    let fresh = parent + "/new"
    let root = try step("cannot open a cache directory") { () throws(SystemError) in try Files.open(parent, O_RDONLY | O_DIRECTORY) }
    try TreeRemoval.remove(Array("new".utf8), in: root.number)
    try step("cannot make a cache directory") { () throws(SystemError) in try Files.makeDirectories(fresh, mode: mode) }
    try seed(fresh)
    guard chmod(fresh, mode) == 0, chown(fresh, owner.uid, owner.gid) == 0, rename(fresh, path) == 0 else {
      throw HullError("cannot make a cache directory", SystemError(errno, "rename"))
    }
  }
}
