// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import Glibc
import Threads

/// Runs a container's health check again and again while it runs.
final class HealthMonitor: Sendable {
  private let task: Task<Void, Never>

  init(_ container: Container, rules: HealthRules) {
    task = Task { [weak container] in
      let start = Timestamp.now()
      var health = Health()
      health.status = "starting"
      while !Task.isCancelled {
        let early = Timestamp.now() - start < rules.startPeriod && health.status == "starting"
        guard (try? await Task.sleep(nanoseconds: UInt64(early ? rules.startInterval : rules.interval))) != nil, let container else { return }
        guard let result = await container.probe(rules) else { continue }
        rules.apply(result, to: &health, early: Timestamp.now() - start < rules.startPeriod)
        await container.setHealth(health)
      }
    }
  }

  func stop() { task.cancel() }
}

/// A health check with Docker's defaults. Times in nanoseconds.
struct HealthRules: Sendable, Equatable {
  let command: [String]
  let interval: Int64
  let timeout: Int64
  let startPeriod: Int64
  let startInterval: Int64
  let retries: Int

  static let keptResults = 5
  static let keptOutput = 4096

  /// `nil` when there is nothing to check.
  init?(_ config: ContainerConfig) {
    guard let check = config.healthcheck, let kind = check.test.first else { return nil }
    switch kind {
    case "CMD": command = Array(check.test.dropFirst())
    case "CMD-SHELL": command = (config.shell.isEmpty ? ["/bin/sh", "-c"] : config.shell) + check.test.dropFirst()
    default: return nil
    }
    guard !command.isEmpty else { return nil }
    interval = check.interval > 0 ? check.interval : 30_000_000_000
    timeout = check.timeout > 0 ? check.timeout : 30_000_000_000
    startPeriod = check.startPeriod
    startInterval = check.startInterval > 0 ? check.startInterval : 5_000_000_000
    retries = check.retries > 0 ? check.retries : 3
  }

  /// `early`: within the start period, in which failures do not count.
  func apply(_ result: HealthcheckResult, to health: inout Health, early: Bool) {
    health.log = Array(((health.log ?? []) + [result]).suffix(HealthRules.keptResults))
    if result.exitCode == 0 {
      health.failingStreak = 0
      health.status = "healthy"
    } else if !(early && health.status == "starting") {
      health.failingStreak += 1
      if health.failingStreak >= retries { health.status = "unhealthy" }
    }
  }
}

extension Container {
  func startHealthMonitor() {
    monitor?.stop()
    monitor = nil
    guard let rules = HealthRules(config) else {
      health = nil
      return
    }
    health = Health()
    health?.status = "starting"
    health?.log = []
    monitor = HealthMonitor(self, rules: rules)
  }

  func setHealth(_ new: Health) {
    guard state.status.isRunning else { return }
    let changed = health?.status != new.status
    health = new
    if changed { event("health_status: \(new.status)") }
  }

  /// One run of the check; `nil` when the container does not run just now.
  func probe(_ rules: HealthRules) async -> HealthcheckResult? {
    guard state.status == .running else { return nil }
    var config = ExecConfig()
    config.cmd = rules.command
    config.attachStdout = true
    config.attachStderr = true
    var result = HealthcheckResult()
    result.start = Timestamp.text(Timestamp.now())
    do {
      let id = try createExec(config)
      defer { services.execs.remove(id) }
      let stream = try await startExec(try services.execs.find(id), start: ExecStartConfig())
      let (output, ended) = try await Blocking.stream { ProbeOutput.collect(stream, nanoseconds: rules.timeout) }
      if !ended { _ = try? await runningShim().call(.signal(process: id, number: 9)) }
      await settleExecs()
      result.output = ended ? output : "Health check exceeded timeout (\(Double(rules.timeout) / 1e9) s): \(output)"
      if ended, case .ended(let code) = try services.execs.find(id).state { result.exitCode = Int(code) } else { result.exitCode = -1 }
    } catch {
      guard state.status == .running else { return nil }
      result.exitCode = -1
      result.output = "\(error)"
    }
    result.end = Timestamp.text(Timestamp.now())
    return result
  }
}

/// Reads what a check prints. Blocking; closes the stream.
private enum ProbeOutput {
  static func collect(_ stream: Int32, nanoseconds: Int64) -> (text: String, ended: Bool) {
    defer { close(stream) }
    let deadline = Timestamp.now() + nanoseconds
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 8192)
    while true {
      let left = (deadline - Timestamp.now()) / 1_000_000
      var entry = pollfd(fd: stream, events: Int16(POLLIN), revents: 0)
      guard left > 0, poll(&entry, 1, Int32(clamping: left)) != 0 else { return (text(bytes), false) }
      let count = read(stream, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return (text(bytes), true) }
      bytes.append(contentsOf: buffer[..<count].prefix(max(0, 2 * HealthRules.keptOutput - bytes.count)))
    }
  }

  /// Without the frames' headers.
  private static func text(_ frames: [UInt8]) -> String {
    var text: [UInt8] = []
    var rest = frames[...]
    while rest.count > 8 {
      let header = Array(rest.prefix(8))
      let size = header[4..<8].reduce(0) { $0 << 8 | Int($1) }
      text += rest.dropFirst(8).prefix(size)
      rest = rest.dropFirst(8 + size)
    }
    return String(decoding: text.prefix(HealthRules.keptOutput), as: UTF8.self)
  }
}
