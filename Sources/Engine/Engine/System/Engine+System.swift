// SPDX-License-Identifier: Apache-2.0
import Builder
import DockerAPI
import Errors
import ImageStore
import OCISpec
import Threads

extension Engine {
  /// `GET /version`.
  package func version() async throws -> VersionInfo { HostInformation.version(configuration) }

  /// `GET /info`.
  package func info() async throws -> SystemInfo {
    let views = services.registry.all.map(\.view)
    let images = services.images
    let imageCount = try await Blocking.run { try images.list().count }
    var info = try await Blocking.run { [configuration] in HostInformation.info(configuration) }
    info.containers = views.count
    info.containersRunning = views.count { $0.state.status == .running || $0.state.status == .restarting }
    info.containersPaused = views.count { $0.state.status == .paused }
    info.containersStopped = views.count - info.containersRunning - info.containersPaused
    info.images = imageCount
    if let warning = services.hostNetwork.forwardWarning { info.warnings = (info.warnings ?? []) + [warning] }
    info.nEventsListener = services.events.subscriberCount
    return info
  }

  /// `GET /system/df`.
  package func diskUsage() async throws -> DiskUsage {
    var usage = DiskUsage()
    let images = services.images
    let store = try await Blocking.run { try images.usage() }
    (usage.layersSize, usage.contentSize, usage.downloadsSize) = (store.layers, store.content, store.downloads)
    usage.images = try await listImages(all: false, filters: Filters(), digests: true, sharedSize: true, variants: true)
    try await takeKeptFailures(from: &usage)
    var options = ListOptions()
    options.all = true
    options.size = true
    usage.containers = try await listContainers(options)
    usage.volumes = try await volumeUsage()
    usage.buildCache = try await buildCacheUsage()
    usage.builderSize = usage.buildCache.reduce(0) { $0 + ($1.shared ? 0 : $1.size) }
    return usage
  }

  /// What commands of builds left that failed is a part of the build cache, and not counted as images once more.
  private func takeKeptFailures(from usage: inout DiskUsage) async throws {
    let builder = services.builder
    let kept = try await Blocking.run { try builder.keptFailures() }
    let ids = Set(kept.map(\.record.id.description))
    usage.images.removeAll { ids.contains($0.id) }
    usage.layersSize -= kept.reduce(0) { $0 + $1.layers }
    usage.contentSize -= kept.reduce(0) { $0 + $1.blobs }
  }

  /// `GET /events`: the events kept since `since`, then, without `until` in the past, those that come.
  package func events(_ options: EventOptions) async throws -> AsyncStream<EventMessage> { try services.events.subscribe(options) }
}
