// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch

/// What hulld asks of a shim. A process is named by its exec ID; "" is the workload's first process.
package enum ShimRequest: Sendable, Equatable {
  /// Start the workload; answered by `started` or `failed`. After `failed` the shim ends and leaves nothing.
  case launch(LaunchRequest)
  /// Start a further process in the running workload; answered by `started` or `failed`.
  case exec(ExecRequest)
  /// Send a signal (a number, `SIG*`). `SIGKILL` to a paused workload also resumes it.
  case signal(process: String, number: Int32)
  /// Set the terminal's size. Before the process is started the size is kept for it.
  case resize(process: String, rows: UInt16, columns: UInt16)
  /// End of standard input, after what attached clients have already sent.
  case closeStdin(process: String)
  case pause
  case resume
  case update(CgroupPlan.Resources)
  /// Bring the running workload's interfaces, name server and published ports to exactly this.
  case network(NetworkPlan)
  /// Attach a bind or a tmpfs in the running workload.
  case mount(MountPlan)
  /// Take off what is mounted at a path in the running workload.
  case unmount(destination: String)
  /// Answered by `stats`.
  case stats
  /// The pids (the host's) of the workload; answered by `processes`.
  case processes
  /// Answered by `status`.
  case status
  /// From now on this connection also gets events; answered by `status`, taken at the instant from which events follow.
  case subscribe
  /// After the exit (or before a launch): remove the cgroup and the run directory's files, answer `ok`, and end.
  case finish
  /// Turn this connection into a stream of one process; answered by `ok` or `failed`, after that everything is raw.
  case attach(AttachRequest)
}

/// The workload to start.
package struct LaunchRequest: Sendable, Equatable {
  package var plan: LaunchPlan
  package var stdin: StdinMode = .closed
  /// `nil`: the output goes to attached clients only.
  package var log: LogPlan?
  package var runtime: RuntimeChoice = .builtin
  /// `nil`: nothing is connected.
  package var network: NetworkPlan?

  package init(plan: LaunchPlan) { self.plan = plan }
}

/// What becomes of the standard input of the workload's first process.
package enum StdinMode: UInt8, Sendable {
  /// `/dev/null`.
  case closed
  /// Stays open when clients go (docker's OpenStdin).
  case open
  /// Is closed when the first client that attached it goes (docker's StdinOnce).
  case openOnce
}

/// Where the workload's output is kept, in Docker's json-file format.
package struct LogPlan: Sendable, Equatable {
  /// Older files are `path.1`, `path.2`, …
  package var path: String
  /// Bytes after which the file is rotated; `nil`: never.
  package var maxSize: Int64?
  /// How many files there are at most, the current one included; at least 1.
  package var maxFiles: UInt32

  package init(path: String, maxSize: Int64?, maxFiles: UInt32) {
    self.path = path
    self.maxSize = maxSize
    self.maxFiles = maxFiles
  }
}

/// Who puts the process behind the wall.
package enum RuntimeChoice: Sendable, Equatable {
  /// Hull's own launcher.
  case builtin
  /// An OCI runtime such as runc or crun.
  case command(CommandRuntime)
}

/// An OCI runtime's command line. `config.json` is in the bundle; the shim mounts the plan's overlay on the plan's `root.mountPoint`
/// in a mount namespace of its own.
package struct CommandRuntime: Sendable, Equatable {
  package var path: String
  /// The runtime's state directory (`--root`).
  package var root: String
  package var bundle: String
  /// Global options before the verb.
  package var arguments: [String]

  package init(path: String, root: String, bundle: String, arguments: [String] = []) {
    self.path = path
    self.root = root
    self.bundle = bundle
    self.arguments = arguments
  }

  /// Where the shim mounts the bind at this place of the plan when it is one that the runtime cannot make itself (`MountPlan.isPrepared`).
  package static func preparedMount(_ index: Int, bundle: String) -> String { bundle + "/mounts/\(index)" }
}

/// A further process in the workload.
package struct ExecRequest: Sendable, Equatable {
  /// Not empty, not used by a running exec.
  package var execID: String
  package var process: ProcessPlan
  /// Whether standard input is a pipe, closed when the first client that attached it goes; otherwise `/dev/null`.
  package var openStdin: Bool
  /// The same process as JSON in the form of the OCI runtime specification's `process`, user resolved to numbers: needed when the workload
  /// runs under `RuntimeChoice.command`, empty otherwise.
  package var specification: [UInt8] = []

  package init(execID: String, process: ProcessPlan, openStdin: Bool) {
    self.execID = execID
    self.process = process
    self.openStdin = openStdin
  }
}

/// Which streams of which process a client wants. Before the process is started is early enough for its first byte.
///
/// After the answer the connection carries, shim → client, Docker's wire format (terminal: raw bytes, sent when `stdout` is set; otherwise
/// frames with an 8-byte header; `framed` overrides that) and, client → shim, raw standard input; shutting down the sending side is the end of input.
/// The shim closes when the process has ended and all its output is sent; the `exited` event is sent before that.
package struct AttachRequest: Sendable, Equatable {
  package var process: String
  package var stdin: Bool
  package var stdout: Bool
  package var stderr: Bool
  /// Whether output has headers; `nil`: unless the process has a terminal.
  package var framed: Bool?

  package init(process: String, stdin: Bool, stdout: Bool, stderr: Bool, framed: Bool? = nil) {
    self.process = process
    self.stdin = stdin
    self.stdout = stdout
    self.stderr = stderr
    self.framed = framed
  }
}
