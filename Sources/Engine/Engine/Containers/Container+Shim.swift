// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import Launch
import ShimProtocol
import Threads

extension Container {
  /// Starts a shim that has nothing to do yet. With `lock` held.
  func spawnShim() async throws -> Shim {
    let (id, run, program) = (id, paths.run, services.configuration.shimPath)
    let (process, descriptor) = try await Blocking.run {
      try? HostFiles.removeTree(run)
      let process = try ShimProcess.spawn(program: program, id: id, run: run)
      return (process, try ShimSocket.connect(to: run))
    }
    let connection = try await ShimConnection.open(descriptor)
    do {
      _ = try await connection.subscribe()
    } catch {
      let words = HostFiles.text(run + "/" + ShimProcess.logName)?.trimmingNewline ?? ""
      await discard(Shim(connection: connection, process: process, generation: 0))
      throw HullError(.internalError, "the shim of container \(id) has not come up\(words.isEmpty ? "" : ": \(words)")", cause: error)
    }
    return adopt(connection, process: process)
  }

  /// Takes a shim over and listens to it.
  func adopt(_ connection: ShimConnection, process: ShimProcess?) -> Shim {
    generation += 1
    let shim = Shim(connection: connection, process: process, generation: generation)
    self.shim = shim
    Task { [weak self] in
      for await event in connection.events { await self?.handle(event, of: shim) }
      await self?.vanished(shim)
    }
    return shim
  }

  private func handle(_ event: ShimEvent, of shim: Shim) async {
    switch event {
    case .exited(process: "", let exit): await ended(exit, shim: shim)
    case .exited(let execID, let exit): execEnded(execID, code: exit.code)
    case .execStarted: break
    }
  }

  /// A connection has closed. When nobody asked for that, the shim has died, and the workload with it.
  private func vanished(_ shim: Shim) async {
    guard self.shim?.generation == shim.generation else { return }
    let record = await ExitRecord.read(run: paths.run)
    await ended(record ?? ProcessExit(code: 137, time: Timestamp.now(), oomKilled: false), shim: shim)
  }

  /// Lets a shim go that has no workload any more, and removes what it leaves. With `lock` held or before anybody knows the shim.
  func discard(_ shim: Shim?) async {
    guard let shim else { return }
    if self.shim?.generation == shim.generation { self.shim = nil }
    _ = try? await shim.connection.call(.finish)
    await shim.connection.close()
    let (paths, cgroup) = (paths, cgroupPath)
    try? await Blocking.run {
      shim.process?.reap()
      try Leftovers.remove(run: paths.run, cgroup: cgroup)
    }
    await unmountVolumes()
  }

  /// The daemon goes; the workload stays with its shim.
  func leave() async {
    monitor?.stop()
    restart?.cancel()
    guard let shim else { return }
    self.shim = nil
    await shim.connection.close()
  }

  nonisolated var cgroupPath: String { Container.cgroupPath(view.record, services) }

  static func cgroupPath(_ record: ContainerRecord, _ services: Services) -> String {
    let own = record.definition.hostConfig.cgroupParent
    return CleanPath.clean("/" + (own.isEmpty ? services.configuration.cgroupParent : own) + "/" + record.id)
  }

  /// A stream to the workload's first process; before a start it waits for it. The caller owns the descriptor.
  func attach(_ request: AttachRequest) async throws -> Int32 {
    if shim == nil {
      try await lock.withLock {
        guard shim == nil else { return }
        guard !removing else { throw HullError(.notFound, "No such container: \(id)") }
        _ = try await spawnShim()
      }
    }
    let run = paths.run
    return try await Blocking.run { try ShimSocket.attach(to: run, request) }
  }
}

/// The line that a shim leaves when its workload has ended.
enum ExitRecord {
  static func read(run: String) async -> ProcessExit? {
    try? await Blocking.run { parse(HostFiles.text(run + "/" + ShimProtocol.exitRecordName) ?? "") }
  }

  /// `code time-ns oom`
  static func parse(_ line: String) -> ProcessExit? {
    let words = line.split(whereSeparator: \.isWhitespace)
    guard words.count >= 3, let code = Int32(words[0]), let time = Int64(words[1]) else { return nil }
    return ProcessExit(code: code, time: time, oomKilled: words[2] == "1")
  }
}

/// What a shim may have left.
enum Leftovers {
  /// Removes a run directory and a control group with everything in it. Blocking.
  static func remove(run: String, cgroup: String) throws(HullError) {
    try Cgroups.remove(cgroup)
    try HostFiles.removeTree(run)
  }
}
