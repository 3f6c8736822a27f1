// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

/// The processes of a container as the host's ps(1) shows them. Blocking.
enum ProcessList {
  static func list(_ pids: Set<Int32>, arguments: String) throws(HullError) -> ContainerTop {
    let words = arguments.split(separator: " ").map(String.init)
    let options = words.isEmpty ? ["-ef"] : words
    // Whatever asks for no PID column would hide which lines are the container's.
    let (status, output) = try HostCommand.run(["ps"] + options)
    guard status == 0 else { throw HullError(.invalidArgument, "ps: \(output.trimmingNewline)") }
    return try parse(output, pids: pids)
  }

  static func parse(_ output: String, pids: Set<Int32>) throws(HullError) -> ContainerTop {
    var lines = output.split(separator: "\n")
    guard !lines.isEmpty else { throw HullError(.internalError, "ps has printed nothing") }
    var top = ContainerTop()
    top.titles = lines.removeFirst().split(separator: " ").map(String.init)
    guard let column = top.titles.firstIndex(of: "PID") else { throw HullError(.invalidArgument, "Couldn't find PID field in ps output") }
    for line in lines {
      let fields = line.split(separator: " ", maxSplits: top.titles.count - 1).map(\.trimmingSpaces)
      guard fields.count > column, let pid = Int32(fields[column]) else { continue }
      if pids.contains(pid) { top.processes.append(fields) }
    }
    return top
  }
}
