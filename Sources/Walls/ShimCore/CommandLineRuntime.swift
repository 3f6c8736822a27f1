// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import Launch
import LinuxSystem
import ShimLoop
import ShimProtocol

/// An OCI runtime that is asked by its command line (runc, crun). Containers it makes become the shim's children, because the shim is
/// their nearest subreaper; their stdio is what the runtime's command was given.
final class CommandLineRuntime: WorkloadRuntime {
  private let command: RuntimeCommand
  private let bundle: String
  private let id: String
  private let files: RunDirectory
  private(set) var hostMounts: Int32 = -1
  /// What is mounted in the shim's own mount namespace, in the order in which it was.
  private var mounted: [String] = []

  init(_ runtime: CommandRuntime, id: String, runDirectory: String) {
    files = RunDirectory(runDirectory)
    command = RuntimeCommand(runtime, log: files.file(RunDirectory.runtimeLog))
    bundle = runtime.bundle
    self.id = id
  }

  func launch(_ plan: LaunchPlan, stdio: StdioDescriptors, connect: ((Int32) throws(HullError) -> Void)?) throws(HullError) -> NewProcess {
    do {
      try makeMounts(plan)
      let launched = try run(["create", "--bundle", bundle], [id], terminal: plan.process.terminal, stdio: stdio)
      if let master = launched.terminal, plan.process.rows > 0 {
        try? Pty.setSize(master, rows: plan.process.rows, columns: plan.process.columns)
      }
      try connect?(launched.pid)
      try command.run(["start", id])
      return launched
    } catch {
      ended()
      throw error
    }
  }

  func exec(_ request: ExecRequest, in target: JoinTarget, stdio: StdioDescriptors) throws(HullError) -> NewProcess {
    guard !request.specification.isEmpty else {
      throw HullError(.invalidArgument, "exec \(request.execID) has no OCI process specification, which \(command.name) needs")
    }
    let specification = files.file(RunDirectory.processFile)
    try step("cannot describe the process to \(command.name)") { () throws(SystemError) in
      let file = try Files.open(specification, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
      try Files.writeAll(file.number, request.specification, name: specification)
    }
    defer { unlink(specification) }
    return try run(["exec", "--detach", "--process", specification], [id], terminal: request.process.terminal, stdio: stdio)
  }

  func ended() {
    try? command.run(["delete", "--force", id])
    for path in mounted.reversed() { try? Mounts.unmount(path) }
    mounted = []
    if hostMounts >= 0 { IO.close(hostMounts) }
    hostMounts = -1
  }

  /// Runs a verb that makes a process; the runtime writes its pid to a file and sends its terminal through a socket.
  private func run(_ verb: [String], _ operands: [String], terminal: Bool, stdio: StdioDescriptors) throws(HullError) -> NewProcess {
    let pidFile = files.file(RunDirectory.pidFile)
    unlink(pidFile)
    defer { unlink(pidFile) }
    let console = terminal ? try ConsoleSocket(files.file(RunDirectory.consoleSocket)) : nil
    defer { console?.close() }
    var arguments = verb + ["--pid-file", pidFile]
    if let console { arguments += (verb[0] == "exec" ? ["--tty"] : []) + ["--console-socket", console.path] }
    try command.run(arguments + operands, stdio: stdio)
    let master = try console?.receive()
    guard let text = try? Files.readText(pidFile), let pid = Int32(text), pid > 0 else {
      IO.close(master ?? -1)
      throw HullError(.internalError, "\(command.name) \(verb[0]) did not say which process it made")
    }
    return NewProcess(pid: pid, terminal: master, warnings: [])
  }

  /// Puts the union of the layers on the bundle's root, and what a runtime cannot mount itself where the configuration says that it is, in a
  /// mount namespace that only the shim and the runtime see.
  private func makeMounts(_ plan: LaunchPlan) throws(HullError) {
    guard case .overlay(let lower, let upper, let work) = plan.root.source else { return }
    try step("cannot mount the container's layers") { () throws(SystemError) in
      hostMounts = try Files.open("/proc/self/ns/mnt", O_RDONLY).take()
      try Namespaces.unshare(NamespaceFlag.mount)
      // Slave, not private: what the host unmounts later goes away here too.
      try Mounts.setPropagation("/", MountFlag.slave | MountFlag.recursive)
      let union = try UnionMount.detached(lower: lower, upper: upper, work: work)
      try Mounts.attach(union.number, on: plan.root.mountPoint)
      mounted.append(plan.root.mountPoint)
    }
    for (index, mount) in plan.mounts.enumerated() where mount.isPrepared {
      let place = CommandRuntime.preparedMount(index, bundle: bundle)
      try PreparedMount(mount).attach(at: place)
      mounted.append(place)
    }
  }
}

/// The socket through which a runtime hands over the master of a terminal.
private final class ConsoleSocket {
  /// As the runtime gets it: a path too long for a socket's address goes by way of the directory's descriptor, which is this process's.
  let path: String
  private let directory: Int32
  private var listener: Int32

  init(_ path: String) throws(HullError) {
    unlink(path)
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    let parent = String(path[..<slash])
    listener = try step("cannot receive the terminal") { () throws(SystemError) in try UnixSocket.listen(path, backlog: 1).take() }
    directory = open(parent, OpenFlag.path | O_DIRECTORY | O_CLOEXEC)
    self.path = path.utf8.count < 108 ? path : "/proc/\(getpid())/fd/\(directory)\(path[slash...])"
  }

  /// The runtime has connected and sent before its command ended.
  func receive() throws(HullError) -> Int32 {
    IO.setNonBlocking(listener)
    let connection = hull_accept(listener)
    defer { IO.close(connection) }
    guard connection >= 0, let message = try? UnixSocket.receive(connection, limit: 4096), let master = message.descriptors.first else {
      throw HullError(.internalError, "the runtime sent no terminal")
    }
    for other in message.descriptors.dropFirst() { IO.close(other) }
    return master
  }

  func close() {
    IO.close(listener)
    listener = -1
    unlink(path)
    IO.close(directory)
  }
}
