// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `hull exec`
enum ContainerExec {
  static let command = Command(
    name: "exec", summary: "Execute a command in a running container", usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
    aliases: ["container exec", "exec"], arguments: .atLeast(2), interspersed: false, completion: .runningContainers,
    flags: {
      [
        .bool("detach,d", "Detached mode: run command in the background"), .detachKeys,
        .list("env,e", "Set environment variables", check: RunValues.environment), .list("env-file", "Read in a file of environment variables"),
        .bool("interactive,i", "Keep STDIN open even if not attached"), .bool("privileged", "Give extended privileges to the command"),
        .bool("tty,t", "Allocate a pseudo-TTY"), .string("user,u", "Username or UID (format: \"<name|uid>[:<group|gid>]\")"),
        .string("workdir,w", "Working directory inside the container"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let engine = try call.engine()
    let (tty, detached) = (call.bool("tty"), call.bool("detach"))
    let container = EngineClient.escaped(call.arguments[0])
    let options = Session.Options(
      tty: tty, stdin: !detached && call.bool("interactive"), detachKeys: try DetachKeys.parse(call.string("detach-keys")))
    if tty, options.stdin, !Terminal.isTerminal(0) {
      // A container that does not exist is the more useful thing to say.
      _ = try engine.bytes("GET", "/containers/\(container)/json")
      try AttachedContainer.checkTerminal(tty: tty, stdin: options.stdin)
    }
    let id = try engine.json("POST", "/containers/\(container)/exec", body: .object(try body(call, options, detached)))["Id"].text
    guard !id.isEmpty else { throw HullError(.internalError, "exec ID empty") }
    var start: JSONObject = ["Detach": .bool(detached), "Tty": .bool(tty)]
    if tty, let size = Terminal.size() { start["ConsoleSize"] = [.int(size.rows), .int(size.columns)] }
    if detached {
      _ = try engine.bytes("POST", "/exec/\(id)/start", body: .object(start))
      return 0
    }
    return try attached(engine, id, .object(start), options)
  }

  private static func body(_ call: Invocation, _ options: Session.Options, _ detached: Bool) throws -> JSONObject {
    var body: JSONObject = [
      "User": .string(call.string("user")), "Privileged": .bool(call.bool("privileged")), "Tty": .bool(options.tty),
      "AttachStdin": .bool(options.stdin), "AttachStderr": .bool(!detached), "AttachStdout": .bool(!detached),
      "DetachKeys": .string(call.string("detach-keys")),
      "Env": .optional(try KeyValueFiles.read(call.list("env-file"), then: call.list("env"), isEnvironment: true)),
      "WorkingDir": .string(call.string("workdir")), "Cmd": .strings(Array(call.arguments.dropFirst())),
    ]
    if options.tty, let size = Terminal.size() { body["ConsoleSize"] = [.int(size.rows), .int(size.columns)] }
    return body
  }

  private static func attached(_ engine: EngineClient, _ id: String, _ start: JSON, _ options: Session.Options) throws -> Int32 {
    let path = "/exec/\(id)"
    let signals = AttachedContainer.signals(tty: options.tty, proxied: false)
    let streams = try engine.hijack("\(path)/start", body: start).finish()
    if try AttachedContainer.run(streams, options, engine, path, signals: signals, takesSignal: { _ in false }) == .detached {
      Output.shared.error("read escape sequence")
      return 1
    }
    return Int32(truncatingIfNeeded: try engine.json("GET", "\(path)/json")["ExitCode"].int ?? 0)
  }
}
