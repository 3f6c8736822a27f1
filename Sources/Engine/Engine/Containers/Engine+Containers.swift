// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import Threads

extension Engine {
  /// `POST /containers/create`. `platform` as in the query, `linux/amd64`.
  package func createContainer(name: String?, request: ContainerCreateRequest, platform: String?) async throws -> ContainerCreateResponse {
    let services = self.services
    return try await uncancelled { try await ContainerCreation(services: services, request: request, platform: platform).create(name: name) }
  }

  /// `POST /containers/{id}/start`. Throws `notModified` when it runs.
  package func startContainer(_ reference: String, detachKeys: String?) async throws {
    let container = try find(reference)
    try await uncancelled { try await container.start() }
  }

  /// `POST /containers/{id}/stop`. `timeout` in seconds, -1: for ever. Throws `notModified` when it does not run.
  package func stopContainer(_ reference: String, signal: String?, timeout: Int?) async throws {
    let container = try find(reference)
    try await uncancelled { try await container.stop(signal: signal, seconds: timeout) }
  }

  /// `POST /containers/{id}/restart`.
  package func restartContainer(_ reference: String, signal: String?, timeout: Int?) async throws {
    let container = try find(reference)
    do {
      try await uncancelled { try await container.restart(signal: signal, seconds: timeout) }
    } catch let error as HullError {
      throw HullError(error.code, "Cannot restart container \(reference): \(error)")
    }
  }

  /// `POST /containers/{id}/kill`.
  package func killContainer(_ reference: String, signal: String?) async throws {
    let container = try find(reference)
    do {
      try await uncancelled { try await container.kill(signal: signal) }
    } catch let error as HullError where error.code != .invalidArgument {
      throw HullError(error.code, "cannot kill container: \(reference): \(error)")
    }
  }

  /// `POST /containers/{id}/pause`.
  package func pauseContainer(_ reference: String) async throws {
    let container = try find(reference)
    try await uncancelled { try await container.pause() }
  }

  /// `POST /containers/{id}/unpause`.
  package func unpauseContainer(_ reference: String) async throws {
    let container = try find(reference)
    try await uncancelled { try await container.unpause() }
  }

  /// `POST /containers/{id}/wait`; condition `not-running`, `next-exit` or `removed`. The wait is registered when this returns.
  package func waitContainer(_ reference: String, condition: String?) async throws -> WaitHandle {
    let condition = try WaitCondition(parsing: condition)
    return try await find(reference).wait(condition)
  }

  /// `DELETE /containers/{id}`; `link`: only a link, which is named as `PARENT/ALIAS`.
  package func removeContainer(_ reference: String, volumes: Bool, force: Bool, link: Bool) async throws {
    if link { return try await removeLink(reference) }
    let container = try find(reference)
    try await uncancelled { try await container.remove(as: reference, volumes: volumes, force: force) }
  }

  /// `POST /hull/containers/{id}/recreate`.
  package func recreateContainer(_ reference: String, _ request: RecreateRequest) async throws -> ContainerCreateResponse {
    let container = try find(reference)
    var response = ContainerCreateResponse()
    response.id = container.id
    response.warnings = try await uncancelled { try await container.recreate(request) }
    return response
  }

  /// `POST /containers/{id}/rename`.
  package func renameContainer(_ reference: String, to name: String) async throws {
    guard !["", "/"].contains(reference), !["", "/"].contains(name) else {
      throw HullError(.invalidArgument, "Neither old nor new names may be empty")
    }
    let container = try find(reference)
    let valid = try ContainerNames.validated(name)
    try await uncancelled { try await container.rename(to: valid) }
  }

  /// `POST /containers/{id}/resize`.
  package func resizeContainer(_ reference: String, size: TerminalSize) async throws {
    let connection = try await find(reference).runningShim()
    try await connection.call(.resize(process: "", rows: size.rows, columns: size.columns))
  }

  /// `POST /containers/{id}/update`.
  package func updateContainer(_ reference: String, _ request: ContainerUpdateRequest) async throws -> ContainerUpdateResponse {
    let container = try find(reference)
    var response = ContainerUpdateResponse()
    response.warnings = try await uncancelled { try await container.update(request) }
    return response
  }

  /// `POST /containers/prune`.
  package func pruneContainers(filters: Filters) async throws -> ContainersPruneReport {
    try filters.validate(accepted: ["label", "label!", "until"])
    let until = try PruneTime.parse(filters)
    var report = ContainersPruneReport()
    var deleted: [String] = []
    for container in services.registry.all {
      let view = container.view
      guard !view.isRunning, until.map({ view.record.created < $0 }) ?? true, filters.matchLabels(view.config.labels ?? [:]),
        !filters.contains("label!") || !filters.matchLabels(view.config.labels ?? [:], key: "label!")
      else { continue }
      let upper = container.layer.upper
      let size = try await Blocking.run { DirectorySize.bytes(upper) }
      do {
        try await uncancelled { try await container.remove(as: container.id, volumes: false, force: false) }
        deleted.append(container.id)
        report.spaceReclaimed += size
      } catch let error as HullError where error.code == .conflict {}
    }
    report.containersDeleted = deleted.isEmpty ? nil : deleted
    return report
  }

  func find(_ reference: String) throws(HullError) -> Container { try services.registry.find(reference) }
}
