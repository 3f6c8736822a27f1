// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import LaunchCompiler
import LinuxSystem
import OCISpec

extension Command {
  static let create = Command(
    name: "create", summary: "create a container", usage: "<container-id>", flags: Creation.flags
  ) { invocation throws(HullError) in
    do throws(HullError) {
      var creation = try Creation(invocation, detached: true)
      _ = try creation.launch(gate: true)
      return 0
    } catch {
      throw HullError(error.code, "\(Program.name) create failed", cause: error)
    }
  }

  static let run = Command(
    name: "run", summary: "create and run a container", usage: "<container-id>",
    flags: Creation.flags + [
      .toggle("detach", "d", help: "detach from the container's process"),
      .toggle("keep", help: "do not delete the container after it exits"),
      .toggle("no-subreaper", help: "disable the use of the subreaper used to reap reparented processes"),
    ]
  ) { invocation throws(HullError) in
    do throws(HullError) {
      return try runContainer(invocation)
    } catch {
      throw HullError(error.code, "\(Program.name) run failed", cause: error)
    }
  }

  private static func runContainer(_ invocation: Invocation) throws(HullError) -> Int32 {
    let detached = invocation.arguments.has("detach")
    var creation = try Creation(invocation, detached: detached)
    let foreground = detached ? nil : try Foreground(subreaper: !invocation.arguments.has("no-subreaper"))
    // A terminal in the foreground is set up before the first byte goes through it: the process waits that long.
    let waits = !detached && creation.io.terminal
    let process = try creation.launch(gate: waits)
    let container = creation.container
    let hooks = LaunchCompiler.hooks(creation.bundle.spec, bundle: creation.bundle.path)
    guard let foreground else {
      container.run(hooks.poststart, of: hooks, pid: process.pid, .running, log: invocation.log)
      return 0
    }
    let code = try foreground.wait(for: process) { () throws(HullError) in
      if waits {
        try Launcher.openGate(container.gate)
        unlink(container.gate)
      }
      container.run(hooks.poststart, of: hooks, pid: process.pid, .running, log: invocation.log)
    }
    if !invocation.arguments.has("keep") { try Removal.remove(container, store: invocation.store, log: invocation.log) }
    return code
  }

  static let start = Command(
    name: "start", summary: "executes the user defined process in a created container", usage: "<container-id>"
  ) { invocation throws(HullError) in
    var container = try invocation.container()
    let lock = try StateLock(container.directory)
    try container.reload()
    switch container.status {
    case .created: break
    case .stopped: throw HullError(.conflict, "cannot start a container that has stopped")
    case .running, .paused: throw HullError(.conflict, "cannot start an already running container")
    case .creating: throw HullError(.conflict, "cannot start a container in the creating state")
    }
    try Launcher.openGate(container.gate)
    unlink(container.gate)
    let hooks = try container.hooks()
    container.run(hooks.poststart, of: hooks, pid: container.record.pid, .running, log: invocation.log)
    _ = consume lock
    return 0
  }

  static let kill = Command(
    name: "kill", summary: "kill sends the specified signal (default: SIGTERM) to the container's init process",
    usage: "<container-id> [signal]",
    flags: [.toggle("all", "a", help: "send the specified signal to all processes inside the container")], arguments: 1...2
  ) { invocation throws(HullError) in
    let container = try invocation.container()
    let signal = try Signals.number(invocation.positional.count > 1 ? invocation.positional[1] : "SIGTERM")
    let everybody = invocation.arguments.has("all") || signal == SIGKILL && container.record.sharesPids == true
    if everybody, let cgroup = container.record.cgroup {
      // Also for a container that has stopped: without a pid namespace of its own, others may have outlived the first process.
      try Cgroups.signal(signal, to: cgroup)
      return 0
    }
    guard let pid = container.livePid, let pidfd = try? Processes.pidfd(pid), container.livePid == pid else {
      throw HullError(.conflict, "container not running")
    }
    try system { () throws(SystemError) in try Processes.signal(pidfd.number, signal) }
    return 0
  }

  static let delete = Command(
    name: "delete", summary: "delete any resources held by the container often used with detached container", usage: "<container-id>",
    flags: [.toggle("force", "f", help: "forcibly deletes the container if it is still running (uses SIGKILL)")]
  ) { invocation throws(HullError) in
    let id = invocation.positional[0]
    let force = invocation.arguments.has("force")
    try Store.validate(id: id)
    var container: Container
    do throws(HullError) {
      container = try invocation.store.container(id)
    } catch {
      // A `create` that was killed before it wrote the state leaves a directory and nothing else.
      if error.code == .notFound || force { try invocation.store.removeDirectory(id) }
      if force { return 0 }
      throw error
    }
    let lock = try StateLock(container.directory)
    if StateFiles.exists(container.directory + "/state.json") { try container.reload() }
    let status = container.status
    guard force || status == .stopped || status == .created else {
      throw HullError(.conflict, "cannot delete container \(id) that is not stopped: \(status.rawValue)")
    }
    try Removal.remove(container, store: invocation.store, log: invocation.log)
    _ = consume lock
    return 0
  }
}
