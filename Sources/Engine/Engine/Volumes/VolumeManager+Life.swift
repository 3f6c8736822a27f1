// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import Threads
import Volumes

/// What somebody wants of a volume that may not be there yet.
struct VolumeWish: Sendable {
  /// Docker's label of volumes that were made without a name.
  static let anonymousLabel = "com.docker.volume.anonymous"

  var name: String
  var driver = ""
  var options: [String: String]?
  var labels: [String: String]?
  var anonymous = false

  /// Throws in Docker's words when such a volume cannot be.
  func record() throws(HullError) -> VolumeRecord {
    try VolumeName.check(name)
    guard driver.isEmpty || driver == volumeDriver else {
      throw HullError(.notFound, "create \(name): error looking up volume plugin \(driver): plugin \"\(driver)\" not found")
    }
    do { _ = try LocalOptions(options ?? [:]) } catch { throw HullError(error.code, "create \(name): \(error.message)") }
    var labels = labels
    if anonymous { labels = (labels ?? [:]).merging([VolumeWish.anonymousLabel: ""]) { own, _ in own } }
    return VolumeRecord(name: name, created: Timestamp.now(), anonymous: anonymous, labels: labels, options: options)
  }
}

extension VolumeRecord {
  /// Checked when the volume was made.
  var local: LocalOptions {
    get throws(HullError) { try LocalOptions(options ?? [:]) }
  }

  var needsMount: Bool { (try? local.needsMount) ?? false }
}

extension VolumeManager {
  /// The volume of that name, made when missing. A container that is given uses it from then on.
  func obtain(_ wish: VolumeWish, for container: String? = nil) async throws -> (record: VolumeRecord, isNew: Bool) {
    let record = try wish.record()
    return try await withLock([wish.name]) { [self] in try await obtainLocked(record, for: container) }
  }

  private func obtainLocked(_ record: VolumeRecord, for container: String?) async throws -> (record: VolumeRecord, isNew: Bool) {
    if let present = entry(record.name)?.record {
      if let options = record.options, !options.isEmpty, options != present.options ?? [:] {
        throw HullError(
          .conflict,
          "create \(record.name): driver '\(volumeDriver)' already has volume '\(record.name)' with other options: volume name must be unique")
      }
      if let container { _ = use(record.name, by: container) }
      return (present, false)
    }
    try await make(record)
    do { try await store.insert(record) } catch {
      try? await remove(directory(record.name))
      throw error
    }
    put(Entry(record: record, users: container.map { [$0] } ?? []))
    event("create", record.name)
    return (record, true)
  }

  /// The volume's directory; nothing is left of one that cannot be made.
  func make(_ record: VolumeRecord) async throws {
    let directory = directory(record.name)
    do { try await Blocking.run { try directory.make(record.local) } } catch {
      try? await remove(directory)
      throw error as? HullError ?? HullError(.internalError, "create \(record.name)", cause: error)
    }
  }

  private func remove(_ directory: VolumeDirectory) async throws { try await Blocking.run { try directory.remove() } }

  /// `DELETE /volumes/{name}`. Throws `conflict` in Docker's words when a container has it. `force`: one that is not there is fine.
  func remove(_ name: String, force: Bool) async throws {
    try await withLock([name]) { [self] in
      let (entry, users) = take(name)
      guard let entry else {
        if force { return }
        throw HullError(.notFound, "get \(name): no such volume")
      }
      guard users.isEmpty else { throw HullError(.conflict, "remove \(name): volume is in use - [\(users.joined(separator: ", "))]") }
      do { try await removeLocked(name) } catch {
        put(entry)
        throw error
      }
      event("destroy", name)
    }
  }

  /// The directory gets a name that start-up sweeps, then the row goes, then the files.
  private func removeLocked(_ name: String) async throws {
    let temporary = ".removing-" + randomIdentifier()
    temporaries.add(temporary)
    defer { temporaries.drop(temporary) }
    let (directory, leaving) = (directory(name), VolumeDirectory(paths.volumes + "/" + temporary))
    try await Blocking.run {
      try directory.unmount()
      if HostFiles.exists(directory.path) { try HostFiles.rename(directory.path, to: leaving.path) }
    }
    do { try await store.deleteVolume(name) } catch {
      try? await Blocking.run { try HostFiles.rename(leaving.path, to: directory.path) }
      throw error
    }
    try await Blocking.stream { try leaving.remove() }
  }
}
