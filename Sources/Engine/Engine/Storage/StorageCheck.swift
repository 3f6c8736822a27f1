// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import Threads
import Volumes

/// Looks at everything below an engine's root: each byte has to belong to something.
///
/// What is being made just now is told by the engine's own memory, which knows of it before the first file is there.
struct StorageCheck: Sendable {
  let services: Services
  let mend: Bool
  let deep: Bool

  func run() async throws -> StoreReport {
    var options = StoreCheckOptions()
    (options.mend, options.deep) = (mend, deep)
    let registry = services.registry
    options.isRunning = { holder in registry.container(id: String(holder.prefix { $0 != "/" }))?.view.isRunning ?? false }
    let (images, chosen) = (services.images, options)
    var report = try await Blocking.stream { try images.check(chosen) }
    report = try await Blocking.stream { [report] in
      var report = report
      checkRoot(&report)
      checkContainers(&report)
      checkMissing(&report)
      return report
    }
    return try await checkVolumes(report)
  }

  // MARK: The root itself

  /// Names that an engine makes there. SQLite's two files beside the database come and go.
  private static let known: Set = [
    "hull.db", "hull.db-wal", "hull.db-shm", "engine-id", "hulld.lock", "images.lock", "content", "layers", "containers", "volumes", "build",
    "build-history", "rootfs",
    "lost+found",
  ]

  private func checkRoot(_ report: inout StoreReport) {
    let root = services.paths.root
    for name in HostFiles.names(in: root) {
      guard let usage = TreeUsage(ofAnything: root + "/" + name) else { continue }
      if !Self.known.contains(name) {
        // Somebody else may have put it there: nobody but they should take it away.
        report.problems.append(
          StoreProblem(name, "is not hull's", bytes: usage.content, fix: "remove \(root)/\(name) if nobody needs it"))
      } else if !HostFiles.isDirectory(root + "/" + name) || name == "rootfs" {
        report.count(usage)
      }
    }
    let inside = HostFiles.names(in: services.paths.mountPoint)
    if !inside.isEmpty { problem("rootfs", "is a mount point and should be empty, but has \(inside.count) entries", [], &report) }
  }

  // MARK: Containers

  private func checkContainers(_ report: inout StoreReport) {
    let base = services.paths.containers
    for name in HostFiles.names(in: base) {
      let id = name.hasSuffix(Paths.removingSuffix) ? String(name.dropLast(Paths.removingSuffix.count)) : name
      // Asked before the files are looked at: what nobody knows any more by then is gone, or left over.
      let isKnown = services.registry.knows(id)
      guard let usage = TreeUsage(ofAnything: base + "/" + name) else { continue }
      if isKnown { report.count(usage) } else { remove("containers/\(name)", usage.content, &report) }
    }
  }

  /// Containers without a directory, unless they are just being removed.
  private func checkMissing(_ report: inout StoreReport) {
    for container in services.registry.all where !HostFiles.isDirectory(services.paths.container(container.id).directory) {
      let view = container.view
      if view.removing { continue }
      let name = view.record.name
      report.problems.append(StoreProblem("container \(name)", "its directory is missing", fix: "remove it with docker rm \(name)"))
    }
  }

  // MARK: Volumes

  private func checkVolumes(_ report: StoreReport) async throws -> StoreReport {
    var report = report
    let (services, base) = (self.services, services.paths.volumes)
    for name in try await Blocking.run({ HostFiles.names(in: base) }) {
      if services.volumes.entry(name) != nil {
        let usage = try await Blocking.stream { TreeUsage(ofAnything: base + "/" + name) }
        if let usage { report.count(usage) }
      } else {
        // Whoever makes a volume, or takes it away, holds its lock.
        report = try await services.volumes.withLock([name]) { [report] in
          try await Blocking.stream {
            var report = report
            checkStranger(name, &report)
            return report
          }
        }
      }
    }
    for entry in services.volumes.all {
      let missing = try await Blocking.run { !HostFiles.exists(services.paths.volume(entry.record.name)) }
      guard missing, services.volumes.entry(entry.record.name) != nil else { continue }
      report.problems.append(
        StoreProblem("volume \(entry.record.name)", "its directory is missing", fix: "remove it with docker volume rm \(entry.record.name)"))
    }
    return report
  }

  private func checkStranger(_ name: String, _ report: inout StoreReport) {
    let isKnown = services.volumes.temporaries.contains(name) || services.volumes.entry(name) != nil
    guard let usage = TreeUsage(ofAnything: services.paths.volumes + "/" + name) else { return }
    if isKnown {
      report.count(usage)
    } else {
      remove("volumes/\(name)", usage.content, &report)
    }
  }

  // MARK: What belongs to nothing

  private func remove(_ path: String, _ bytes: Int64, _ report: inout StoreReport) {
    problem(path, "belongs to nothing", [path], bytes: bytes, &report)
  }

  private func problem(_ object: String, _ what: String, _ garbage: [String], bytes: Int64 = 0, _ report: inout StoreReport) {
    var problem = StoreProblem(object, what, bytes: bytes, fix: garbage.isEmpty ? "look at it yourself" : StoreProblem.mend)
    if mend, !garbage.isEmpty {
      do throws(HullError) {
        for path in garbage { try VolumeDirectory(services.paths.root + "/" + path).remove() }
        (problem.mended, problem.fix) = (true, "")
      } catch { problem.fix = "it cannot be removed: \(error)" }
    }
    report.problems.append(problem)
  }
}
