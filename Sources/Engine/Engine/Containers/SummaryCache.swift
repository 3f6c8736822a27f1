// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Foundation
import Synchronization

/// A container's entry of a list as JSON text, made again only when the container or the words of its status have changed.
final class SummaryCache: Sendable {
  private struct Entry {
    var version: Int
    var status: String
    var linkNames: [String]
    var bytes: [UInt8]
  }

  private let entry = Mutex<Entry?>(nil)

  func bytes(of view: ContainerView, linkNames: [String], now: Int64) throws -> [UInt8] {
    let status = view.statusText(now: now)
    if let known = entry.withLock({ $0 }), known.version == view.version, known.status == status, known.linkNames == linkNames { return known.bytes }
    let bytes = Array(try DockerJSON.encode(view.summary(linkNames: linkNames, now: now)))
    entry.withLock { $0 = Entry(version: view.version, status: status, linkNames: linkNames, bytes: bytes) }
    return bytes
  }
}

extension ContainerView {
  /// The entry of a list, without sizes. `linkNames`: what others call it.
  func summary(linkNames: [String], now: Int64) -> ContainerSummary {
    var summary = ContainerSummary()
    summary.id = record.id
    summary.names = ["/" + record.name] + linkNames.map { "/" + $0 }
    summary.image = config.image
    summary.imageID = record.definition.imageID
    summary.command = ContainerView.commandText(config.commandLine)
    summary.created = record.created / 1_000_000_000
    summary.ports = isRunning ? portList : []
    summary.labels = config.labels ?? [:]
    summary.state = status.rawValue
    summary.status = statusText(now: now)
    summary.hostConfig.networkMode = host.networkMode
    summary.networkSettings.networks = networks
    summary.mounts = record.definition.mounts.map(\.point)
    return summary
  }

  /// Words with white space are quoted, as `docker ps` shows them.
  private static func commandText(_ words: [String]) -> String {
    guard let first = words.first else { return "" }
    return ([first] + words.dropFirst().map { $0.contains(where: \.isWhitespace) ? "'\($0)'" : $0 }).joined(separator: " ")
  }
}

extension MountRecord {
  /// As lists and inspect show it.
  var point: MountPoint {
    var point = MountPoint()
    point.type = kind.rawValue
    point.name = name
    point.source = source
    point.destination = destination
    point.driver = kind == .volume ? "local" : ""
    point.mode = mode
    point.rw = writable
    point.propagation = kind == .bind ? propagation : ""
    return point
  }
}
