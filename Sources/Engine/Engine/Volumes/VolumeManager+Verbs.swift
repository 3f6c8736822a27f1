// SPDX-License-Identifier: Apache-2.0
import Archive
import EngineStore
import Errors
import Glibc
import LinuxSystem
import Threads
import Volumes

/// What Hull does with whole volumes. Everything happens beside the volume first and takes its place at one instant, or not at all.
extension VolumeManager {
  /// What writes the content of a volume into its directory. Blocking.
  typealias Fill = @Sendable (_ data: Int32) throws -> Void

  /// A new volume with content. Throws `conflict` when there is one of that name.
  func create(_ record: VolumeRecord, filledBy fill: @escaping Fill) async throws -> VolumeRecord {
    guard entry(record.name) == nil else { throw Self.exists(record.name) }
    let token = begin()
    defer { end(token) }
    let staging = try await stage(record, token, fill)
    return try await withLock([record.name]) { [self] in
      let directory = directory(record.name)
      try await orRemove(staging) { [self] in
        guard entry(record.name) == nil else { throw Self.exists(record.name) }
        try await Blocking.stream { try staging.publish(as: directory) }
      }
      do { try await store.insert(record) } catch {
        try? await Blocking.stream { try directory.remove() }
        throw error
      }
      put(Entry(record: record))
      event("create", record.name)
      return record
    }
  }

  /// Other content for a volume that is there. Throws `conflict` when a running container has it.
  func replace(_ name: String, filledBy fill: @escaping Fill) async throws {
    let record = try find(name).record
    guard record.isHere else { throw Self.elsewhere(record, "cannot be replaced") }
    try checkIdle(name)
    let token = begin()
    defer { end(token) }
    let staging = try await stage(record, token, fill)
    try await withLock([name]) { [self] in
      try await orRemove(staging) { [self] in
        guard try find(name).record.created == record.created else {
          throw HullError(.conflict, "replace \(name): it has become another volume meanwhile")
        }
        try await exchange(name, with: staging)
      }
    }
    event("replace", name)
    try await Blocking.stream { try staging.remove() }
  }

  /// Content takes as long as a client or a disk wants: nobody's lock is held meanwhile.
  private func stage(_ record: VolumeRecord, _ token: String, _ fill: @escaping Fill) async throws -> VolumeStaging {
    let (staging, options) = (VolumeStaging(in: paths.volumes, token: token), try record.local)
    try await orRemove(staging) { try await Blocking.stream { try staging.make(options, fill) } }
    return staging
  }

  /// A token for a staging directory that is in use until `end`.
  private func begin() -> String {
    let token = randomIdentifier()
    temporaries.add(VolumeStaging.name(token))
    return token
  }

  private func end(_ token: String) { temporaries.drop(VolumeStaging.name(token)) }

  private func orRemove(_ staging: VolumeStaging, _ body: @Sendable () async throws -> Void) async throws {
    do { try await body() } catch {
      try? await Blocking.stream { try staging.remove() }
      throw error
    }
  }

  /// From the check on nobody gets at the old content any more.
  private func exchange(_ name: String, with staging: VolumeStaging) async throws {
    try checkIdle(name, reserving: true)
    defer { change(name) { $0.replacing = false } }
    let directory = directory(name)
    try await Blocking.stream {
      try directory.unmount()
      try staging.exchange(with: directory)
    }
  }

  /// Gives a volume another name, under which its snapshots know it too. Throws `conflict` when a container has it, or the name is taken.
  func rename(_ name: String, to other: String) async throws {
    do { try VolumeName.check(other) } catch { throw HullError(error.code, Self.reworded(error.message, other, "rename")) }
    try await withLock([name, other]) { [self] in
      guard entry(name) != nil else { throw HullError(.notFound, "get \(name): no such volume") }
      guard entry(other) == nil else { throw Self.exists(other) }
      let (taken, users) = take(name)
      guard users.isEmpty, var entry = taken else {
        throw HullError(.conflict, "rename \(name): volume is in use - [\(users.joined(separator: ", "))]")
      }
      let (old, new) = (directory(name), directory(other))
      do {
        try await store.beginRename(name, to: other)
        try await Blocking.stream {
          try old.unmount()
          try HostFiles.rename(old.path, to: new.path)
        }
        try await finishRename(entry.record, to: other)
      } catch {
        // Start-up forgets a rename whose directory still has its old name.
        try? await Blocking.run { if !HostFiles.exists(old.path) { try HostFiles.rename(new.path, to: old.path) } }
        put(entry)
        throw error
      }
      entry.record = entry.record.renamed(to: other)
      put(entry)
      event("rename", other, ["oldName": name])
    }
  }

  /// Writes down a rename whose directory has its new name.
  func finishRename(_ record: VolumeRecord, to other: String) async throws {
    let snapshots = all.map(\.record).filter { $0.snapshotOf == record.name }.map { $0.relabelled(snapshotOf: other) }
    try await store.endRename(record.name, to: record.renamed(to: other), relabelled: snapshots)
    for snapshot in snapshots { change(snapshot.name) { $0.record = snapshot } }
  }

  /// Nobody must have it mounted. `reserving`: and nobody can from now on.
  private func checkIdle(_ name: String, reserving: Bool = false) throws(HullError) {
    let busy = change(name) { entry -> [String] in
      if reserving && entry.mounters.isEmpty { entry.replacing = true }
      return entry.mounters.sorted()
    }
    guard let busy, busy.isEmpty else {
      throw HullError(.conflict, "replace \(name): volume is in use - [\((busy ?? []).joined(separator: ", "))]: stop its containers first")
    }
  }

  static func exists(_ name: String) -> HullError {
    HullError(.conflict, "create \(name): volume name must be unique: there is a volume \(name) already")
  }

  static func elsewhere(_ record: VolumeRecord, _ what: String) -> HullError {
    HullError(.invalidArgument, "the content of volume \(record.name) \(what): it is \(record.options?["device"] ?? ""), not the engine's own")
  }

  /// The checks of a name are worded for `create`.
  static func reworded(_ message: String, _ name: String, _ verb: String) -> String {
    message.hasPrefix("create \(name)") ? verb + message.dropFirst("create".count) : message
  }
}
