// SPDX-License-Identifier: Apache-2.0
import Builder
import DockerAPI
import EngineStore
import Errors
import Glibc
import Launch
import LinuxSystem
import OCISpec
import ShimProtocol
import Threads

/// Runs a step's command as a container that nobody else knows: the same launcher, walls and networks, no row in the database.
///
/// What a killed daemon leaves of it is swept at the next start, as for any container without a row.
struct StepContainer: Sendable {
  private let services: Services
  private let run: StepRun
  private let record: ContainerRecord
  private let paths: ContainerPaths

  init(_ run: StepRun, services: Services) throws(HullError) {
    self.services = services
    self.run = run
    record = try StepDefinition(run, services: services).record()
    paths = services.paths.container(run.id)
  }

  /// Starts it, passes its output on, waits for its end. A cancelled task kills it.
  func execute() async throws -> StepOutcome {
    do {
      let exit = try await started()
      let paths = self.paths
      return StepOutcome(exitCode: exit.code, outOfMemory: exit.oomKilled, upper: paths.layer(of: record).upper) {
        try? await Blocking.stream { try HostFiles.removeTree(paths.directory) }
      }
    } catch {
      let paths = self.paths
      try? await Blocking.stream { try HostFiles.removeTree(paths.directory) }
      throw error
    }
  }

  private func started() async throws -> ProcessExit {
    let connection = ContainerConnection(services: services, record: record)
    let taken = try await Blocking.run { try connection.open(preferring: nil) }
    do {
      let exit = try await shimmed(taken)
      if let taken { try? await Blocking.run { connection.close(taken) } }
      return exit
    } catch {
      if let taken { try? await Blocking.run { connection.close(taken) } }
      throw error
    }
  }

  private func shimmed(_ taken: ConnectionRecord?) async throws -> ProcessExit {
    let (id, program, directory) = (run.id, services.configuration.shimPath, paths.run)
    let (process, descriptor) = try await Blocking.run {
      let process = try ShimProcess.spawn(program: program, id: id, run: directory)
      return (process, try ShimSocket.connect(to: directory))
    }
    let shim = try await ShimConnection.open(descriptor)
    do {
      _ = try await shim.subscribe()
      let exit = try await launched(shim, taken)
      await end(shim, process)
      return exit
    } catch {
      await end(shim, process)
      throw error
    }
  }

  private func end(_ shim: ShimConnection, _ process: ShimProcess) async {
    _ = try? await shim.call(.finish)
    await shim.close()
    let (directory, cgroup) = (paths.run, Container.cgroupPath(record, services))
    try? await Blocking.run {
      process.reap()
      try Leftovers.remove(run: directory, cgroup: cgroup)
    }
  }

  private func launched(_ shim: ShimConnection, _ taken: ConnectionRecord?) async throws -> ProcessExit {
    let (preparation, run, directory) = (try preparation(taken), run, paths.run)
    let (request, stream) = try await Blocking.run {
      var request = try preparation.request()
      StepDefinition.complete(&request.plan, for: run)
      request.log = nil
      return (request, try ShimSocket.attach(to: directory, AttachRequest(process: "", stdin: false, stdout: true, stderr: true, framed: true)))
    }
    // Whoever may still want to shut it down must find it open: its number would be another's.
    defer { close(stream) }
    async let output: Void = StepOutput.pass(stream, to: run.output)
    do {
      _ = try await shim.launch(request)
      let exit = try await withTaskCancellationHandler {
        // To its end also then: a shim does not finish while its command runs.
        try await uncancelled { try await StepContainer.exit(of: shim) }
      } onCancel: {
        Task { try? await shim.call(.signal(process: "", number: SIGKILL)) }
      }
      try Task.checkCancellation()
      await output
      return exit
    } catch {
      // Nobody writes to it any more.
      shutdown(stream, Int32(SHUT_RDWR))
      await output
      throw error is CancellationError ? error : StartFailure(error).error
    }
  }

  private func preparation(_ taken: ConnectionRecord?) throws(HullError) -> LaunchPreparation {
    var lower = run.lower
    if lower.isEmpty { lower = [services.paths.emptyLayer] }
    var joined = JoinedNamespaces()
    if let other = record.definition.hostConfig.network.container { joined.network = try Container.joinable(other, "network", services).pid }
    return LaunchPreparation(record: record, paths: paths, services: services, lower: lower, joined: joined, connection: taken)
  }

  private static func exit(of shim: ShimConnection) async throws -> ProcessExit {
    for await event in shim.events {
      if case .exited(process: "", let exit) = event { return exit }
    }
    throw HullError(.internalError, "the process that kept the step's command has gone")
  }
}

/// Passes on what a command writes.
enum StepOutput {
  private static let header = 8

  /// Reads frames of Docker's attach protocol until the stream ends. It stays the caller's.
  static func pass(_ stream: Int32, to output: @escaping @Sendable (Int, [UInt8]) -> Void) async {
    try? await Blocking.stream {
      while let head = read(header, from: stream) {
        let size = head[4..<8].reduce(0) { $0 << 8 | Int($1) }
        guard let bytes = read(size, from: stream) else { return }
        output(head[0] == 2 ? 2 : 1, bytes)
      }
    }
  }

  private static func read(_ count: Int, from stream: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes { Glibc.read(stream, $0.baseAddress! + filled, count - filled) }
      if got < 0, errno == EINTR { continue }
      if got <= 0 { return nil }
      filled += got
    }
    return bytes
  }
}
