// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import ImageStore
import Layers
import Threads

extension Engine {
  /// `GET /containers/json`.
  package func listContainers(_ options: ListOptions) async throws -> [ContainerSummary] {
    let now = Timestamp.now()
    let linkNames = services.registry.linkNames()
    var summaries: [ContainerSummary] = []
    for (container, view) in try await select(options) {
      var summary = view.summary(linkNames: linkNames[view.record.id] ?? [], now: now)
      if options.size { (summary.sizeRw, summary.sizeRootFs) = try await sizes(of: container) }
      summaries.append(summary)
    }
    return summaries
  }

  /// `GET /containers/json` as JSON text: the quick way, from cached parts.
  package func listContainersJSON(_ options: ListOptions) async throws -> [UInt8] {
    if options.size { return Array(try DockerJSON.encode(try await listContainers(options))) }
    let now = Timestamp.now()
    let linkNames = services.registry.linkNames()
    var text: [UInt8] = [UInt8(ascii: "[")]
    for (container, view) in try await select(options) {
      if text.count > 1 { text.append(UInt8(ascii: ",")) }
      text.append(contentsOf: try container.fragments.bytes(of: view, linkNames: linkNames[view.record.id] ?? [], now: now))
    }
    text.append(UInt8(ascii: "]"))
    return text
  }

  private func select(_ options: ListOptions) async throws -> [(container: Container, view: ContainerView)] {
    let all = services.registry.all
    if options.filters.isEmpty {
      let query = try ListQuery(options, registry: services.registry, ancestors: nil)
      return query.select(all)
    }
    return try ListQuery(options, registry: services.registry, ancestors: try await ancestors(options.filters)).select(all)
  }

  /// The IDs of the images that the filter `ancestor` names, and of those that were made from them.
  private func ancestors(_ filters: Filters) async throws -> Set<String>? {
    guard filters.contains("ancestor") else { return nil }
    var bases: [ImageRecord] = []
    for name in filters["ancestor"] { if let image = try? await services.lookup.find(name) { bases.append(image) } }
    let (images, roots) = (services.images, bases.map(\.diffIDs))
    let all = try await Blocking.run { try images.list() }
    return Set(all.filter { image in roots.contains { image.diffIDs.starts(with: $0) } }.map { $0.id.description })
  }

  private func sizes(of container: Container) async throws -> (writable: Int64, total: Int64) {
    let upper = container.layer.upper
    let writable = try await Blocking.run { DirectorySize.bytes(upper) }
    let image = try? await services.lookup.find(container.view.record.definition.imageID)
    return (writable, writable + (image?.size ?? 0))
  }

  /// `GET /containers/{id}/json`.
  package func inspectContainer(_ reference: String, size: Bool) async throws -> ContainerInspect {
    let container = try find(reference)
    let view = container.view
    var answer = ContainerInspection(view: view, services: services, execIDs: services.execs.running(in: view.record.id)).answer()
    if size {
      let (writable, total) = try await sizes(of: container)
      (answer.sizeRw, answer.sizeRootFs) = (writable, total)
    }
    return answer
  }

  /// `GET /containers/{id}/top`.
  package func topContainer(_ reference: String, psArguments: String?) async throws -> ContainerTop {
    let container = try find(reference)
    let connection = try await container.runningOrRestarting()
    let pids = Set(try await connection.processes())
    return try await Blocking.run { try ProcessList.list(pids, arguments: psArguments ?? "") }
  }

  /// `GET /containers/{id}/stats`. One sample per second, or one only with `stream` off (the second of two unless `oneShot`).
  package func containerStats(
    _ reference: String, stream: Bool, oneShot: Bool
  ) async throws -> AsyncThrowingStream<ContainerStats, any Error> {
    let container = try find(reference)
    if oneShot && stream { throw HullError(.invalidArgument, "cannot have stream=true and one-shot=true") }
    return StatsSampler(container).stream(continuous: stream, oneShot: oneShot)
  }

  /// `GET /containers/{id}/changes`.
  package func containerChanges(_ reference: String) async throws -> [FilesystemChange] {
    let container = try find(reference)
    let (upper, lowers) = (container.layer.upper, try await container.layers())
    let changes = try await Blocking.run {
      HostFiles.exists(upper) ? try LayerDiff.changes(upper: upper, lowers: lowers) : []
    }
    return MountPointNoise.removed(from: changes).map { change in
      var answer = FilesystemChange()
      answer.path = change.path
      answer.kind = Int(change.kind.rawValue)
      return answer
    }
  }
}
