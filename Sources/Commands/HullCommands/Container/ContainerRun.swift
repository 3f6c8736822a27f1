// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `hull run`
enum ContainerRun {
  static let command = Command(
    name: "run", summary: "Create and run a new container from an image", usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    aliases: ["container run", "run"], arguments: .atLeast(1), interspersed: false, completion: .images, flags: { RunFlags.run }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    if call.bool("detach"), call.changed("attach") { throw ExitStatus(1, "conflicting options: cannot specify both --attach and --detach") }
    let request = RunRequest(call, detached: call.bool("detach"))
    if !call.bool("detach") { try AttachedContainer.checkTerminal(tty: request.tty, stdin: request.attachesStdin) }
    let keys = try DetachKeys.parse(call.string("detach-keys"))
    let engine = try call.engine()
    do {
      let id = try ContainerCreation(call: call, engine: engine, request: request).create()
      return try start(call, request, AttachedContainer(engine: engine, id: id), keys)
    } catch let error where error is ExitStatus || error is BrokenPipe {
      throw error
    } catch {
      throw failed(error, "run")
    }
  }

  /// In the order that loses nothing: streams first, then the watch for the exit, then the start.
  private static func start(_ call: Invocation, _ request: RunRequest, _ container: AttachedContainer, _ keys: [UInt8]) throws -> Int32 {
    guard request.attachesStdin || request.attachesStdout || request.attachesStderr else {
      _ = try container.engine.bytes("POST", "/containers/\(container.id)/start")
      call.out.line(container.id)
      return 0
    }
    let options = Session.Options(
      tty: request.tty, stdin: request.attachesStdin, stdout: request.attachesStdout, stderr: request.attachesStderr, detachKeys: keys)
    let proxied = call.bool("sig-proxy")
    let signals = AttachedContainer.signals(tty: request.tty, proxied: proxied)
    let hijack = try container.attach(options, detachKeys: call.string("detach-keys"))
    let wait = try container.beginWait(call.bool("rm") ? .removed : .nextExit)
    let streams = try hijack.finish()
    do {
      _ = try container.engine.bytes("POST", "/containers/\(container.id)/start")
    } catch {
      // With --rm the engine takes a container that could not start away again: not before that is the command over.
      if call.bool("rm") { _ = try? AttachedContainer.status(of: wait) }
      throw error
    }
    if try container.run(streams, options, signals: signals, proxiesSignals: proxied) == .detached { return 0 }
    return try AttachedContainer.status(of: wait)
  }

  /// Docker's exit codes: 127 for a command that is not there, 126 for one that cannot be executed, 125 for the rest.
  static func failed(_ error: any Error, _ verb: String) -> ExitStatus {
    let message = String(describing: error)
    var status: Int32 = 125
    if ["executable file not found", "no such file or directory"].contains(where: { message.contains($0) }), error is EngineFailure {
      status = 127
    } else if ["permission denied", "is a directory"].contains(where: { message.lowercased().contains($0) }), error is EngineFailure {
      status = 126
    }
    return ExitStatus(status, "hull: \(message)\n\nRun 'hull \(verb) --help' for more information")
  }
}
