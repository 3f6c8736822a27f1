// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore

/// A container at one instant, for those who only look.
struct ContainerView: Sendable {
  var record: ContainerRecord
  /// 0 when it does not run.
  var pid: Int32 = 0
  var health: Health?
  var removing = false
  /// Grows with each change.
  var version = 0

  var state: StateRecord { record.state }
  var config: ContainerConfig { record.definition.config }
  var host: HostConfig { record.definition.hostConfig }

  /// Running, paused, or about to be started again.
  var isRunning: Bool { state.status.isRunning }

  var status: StateRecord.Status { removing && !isRunning ? .removing : state.status }

  /// The words of `docker ps`.
  func statusText(now: Int64) -> String {
    let finished = Timestamp.duration(now - state.finishedAt)
    switch status {
    case .created: return "Created"
    case .paused: return "Up \(Timestamp.duration(now - state.startedAt)) (Paused)"
    case .restarting: return "Restarting (\(state.exitCode)) \(finished) ago"
    case .removing: return "Removal In Progress"
    case .dead: return "Dead"
    case .exited: return "Exited (\(state.exitCode)) \(finished) ago"
    case .running:
      let up = "Up \(Timestamp.duration(now - state.startedAt))"
      guard let health, health.status != "none" else { return up }
      return up + (health.status == "starting" ? " (health: starting)" : " (\(health.status))")
    }
  }
}

extension StateRecord.Status {
  /// As Docker counts it: a container that waits for its restart counts as running.
  var isRunning: Bool { self == .running || self == .paused || self == .restarting }
}
