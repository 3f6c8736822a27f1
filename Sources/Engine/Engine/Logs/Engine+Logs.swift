// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import NIOCore
import ShimProtocol

extension Engine {
  /// `GET /containers/{id}/logs`.
  package func containerLogs(_ reference: String, _ options: LogOptions) async throws -> LogStream {
    guard options.stdout || options.stderr else { throw HullError(.invalidArgument, "Bad parameters: you must choose at least one stream") }
    let container = try find(reference)
    let view = container.view
    guard view.host.logConfig.type != "none" else { throw HullError(.unsupported, "configured logging driver does not support reading") }
    if !options.follow { await firstMoments(of: container) }
    return try stream(of: container, options, follow: options.follow && view.isRunning)
  }

  /// Docker's `start` takes so long that a short command has said everything by its end, and clients read the log at once. Here a container that has
  /// only just begun gets a moment to come to its end.
  private func firstMoments(of container: Container) async {
    let view = container.view
    let left = Engine.firstMoments - (Timestamp.now() - view.state.startedAt)
    guard view.state.status == .running, left > 0 else { return }
    let end = await container.wait(.notRunning)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { _ = try? await end.result() }
      group.addTask { try? await Task.sleep(nanoseconds: UInt64(left)) }
      await group.next()
      group.cancelAll()
    }
  }

  /// Nanoseconds.
  private static let firstMoments: Int64 = 200_000_000

  private func stream(of container: Container, _ options: LogOptions, follow: Bool) throws(HullError) -> LogStream {
    let terminal = container.view.config.tty
    let path = container.paths.log
    // The watch is there before the first read: nothing that is written after it is missed.
    let following = try follow ? self.follow(container) : nil
    var options = options
    // Without following, the log ends now: a workload that writes faster than the client reads would make it endless.
    if following == nil { options.until = min(options.until ?? .max, Timestamp.now()) }
    let wanted = options
    return LogStream(
      terminal: terminal,
      source: {
        let reader = LogReader(path: path, options: wanted, terminal: terminal, follow: following)
        return LogStream.AsyncIterator { try await reader.next() }
      })
  }

  private func follow(_ container: Container) throws(HullError) -> LogFollow {
    let started = container.view.state.startedAt
    return LogFollow(changes: try services.logWatcher.changes(in: container.paths.directory)) { [services] in
      // Another start is another run: as in Docker, following ends with the one that it began in.
      let view = container.view
      return !view.isRunning || view.state.status == .restarting || view.state.startedAt != started
        || services.registry.container(id: container.id) == nil
    }
  }

  /// `POST /containers/{id}/attach`, also of a container that is not started yet.
  package func attachContainer(_ reference: String, _ options: AttachOptions) async throws -> AttachStream {
    let keys: [UInt8]
    do { keys = try DetachScanner.parse(options.detachKeys) } catch {
      throw HullError(.invalidArgument, "Invalid detach keys (\(options.detachKeys ?? "")) provided")
    }
    let container = try find(reference)
    let view = container.view
    if view.status == .paused {
      throw HullError(.conflict, "container \(reference) is paused, unpause the container before attach")
    }
    if view.status == .restarting {
      throw HullError(.conflict, "container \(reference) is restarting, wait until the container is running")
    }
    var prelude: LogStream?
    if options.logs && view.host.logConfig.type != "none" {
      var wanted = LogOptions()
      (wanted.stdout, wanted.stderr) = (options.stdout, options.stderr)
      prelude = try stream(of: container, wanted, follow: false)
    }
    let terminal = view.config.tty
    guard options.stream else {
      return AttachStream(descriptor: -1, terminal: terminal, prelude: prelude, detachScanner: nil, onDetach: {})
    }
    let stdin = options.stdin && view.config.openStdin
    let request = AttachRequest(process: "", stdin: stdin, stdout: options.stdout, stderr: options.stderr)
    let descriptor = try await container.attach(request)
    await container.event("attach")
    return AttachStream(
      descriptor: descriptor, terminal: terminal, prelude: prelude, detachScanner: terminal && stdin ? DetachScanner(keys: keys) : nil,
      onDetach: { await container.event("detach") })
  }
}
