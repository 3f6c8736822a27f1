// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder

/// A build that came another way than by this API, on its way into the history.
struct RecordedBuild: Sendable {
  let log = HistoryLog()
  private let history: BuildHistory
  private var record = ControlBuildHistoryRecord()

  /// - Parameter directory: what the client's directory is called: so clients name the build, unless it has its context from elsewhere.
  init(_ request: BuildRequest, _ directory: String?, in history: BuildHistory) {
    self.history = history
    (record.ref, record.frontend, record.frontendAttrs) = (request.id, "dockerfile.v0", request.allOptions)
    record.frontendAttrs["vcs:localdir:context"] = directory
    record.exporters = request.outputs.map(\.exporter)
    record.createdAt = .init(nanoseconds: ProgressTranslation.now)
  }

  func begin() { history.begin(record) }

  func end(_ outcome: Result<BuildResult, any Error>) {
    history.end(EndedBuild(record, outcome.map(ControlSolveResponse.init(_:)), try? outcome.get(), log, at: ProgressTranslation.now))
  }
}

extension BuildOutput {
  fileprivate var exporter: ControlExporter {
    var exporter = ControlExporter()
    switch self {
    case .image: exporter.type = "image"
    case .archive(_, _, let oci): exporter.type = oci ? "oci" : "docker"
    case .tar: exporter.type = "tar"
    case .local: exporter.type = "local"
    case .none: exporter.type = "cacheonly"
    }
    return exporter
  }
}
