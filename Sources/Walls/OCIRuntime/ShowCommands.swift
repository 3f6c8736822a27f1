// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import LinuxSystem
import OCISpec

extension Command {
  static let state = Command(name: "state", summary: "output the state of a container", usage: "<container-id>") { invocation throws(HullError) in
    let container = try invocation.container()
    StateFiles.print(JSONValue.object(container.description(container.status)).text(indent: "  ") + [UInt8(ascii: "\n")])
    return 0
  }

  static let list = Command(
    name: "list", summary: "lists containers started by \(Program.name) with the given root", usage: "",
    flags: [
      .value("format", "f", help: "select one of: table or json (default: \"table\")"),
      .toggle("quiet", "q", help: "display only container IDs"),
    ], arguments: 0...0
  ) { invocation throws(HullError) in
    let exists = StateFiles.exists(invocation.options.root)
    let containers = exists || invocation.options.rootIsGiven ? try invocation.store.containers() : []
    if invocation.arguments.has("quiet") { return Program.print(containers.map { $0.id + "\n" }.joined()) }
    switch invocation.arguments.value("format") {
    case nil, "table": return Program.print(table(containers))
    case "json":
      let items = containers.map { JSONValue.object($0.description($0.status).dropLast() + [.init("owner", .string(owner($0)))]) }
      StateFiles.print(items.isEmpty ? Array("null\n".utf8) : JSONValue.array(items).text() + [UInt8(ascii: "\n")])
      return 0
    case .some: throw HullError(.invalidArgument, "invalid format option")
    }
  }

  private static func table(_ containers: [Container]) -> String {
    let rows =
      [["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]]
      + containers.map { container in
        let status = container.status
        let record = container.record
        return [record.id, String(status == .stopped ? 0 : record.pid), status.rawValue, record.bundle, record.created, owner(container)]
      }
    let widths = (0..<6).map { column in max(12, (rows.map { $0[column].count }.max() ?? 0) + 3) }
    return rows.map { row in
      row.enumerated().map { column, text in
        column == 5 ? text : text + String(repeating: " ", count: widths[column] - text.count)
      }.joined() + "\n"
    }.joined()
  }

  /// Whose the directory is: a name from the host's own file (no name service in a static program), or `#` and the number.
  private static func owner(_ container: Container) -> String {
    guard let uid = try? Files.status(container.directory).st_uid else { return "" }
    let passwd = (try? Files.readText("/etc/passwd")) ?? ""
    let line = passwd.split(separator: "\n").first { line in
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      return fields.count > 2 && fields[2] == String(uid)
    }
    return line.flatMap { $0.split(separator: ":").first }.map(String.init) ?? "#\(uid)"
  }

  static let ps = Command(
    name: "ps", summary: "ps displays the processes running inside a container", usage: "<container-id> [ps options]",
    flags: [.value("format", "f", help: "select one of: table or json (default: \"table\")")], arguments: 1...Int.max, untilPositional: true
  ) { invocation throws(HullError) in
    let container = try invocation.container()
    let pids = try container.record.cgroup.map { path throws(HullError) in try Cgroups.processes(path) } ?? []
    switch invocation.arguments.value("format") {
    case nil, "table": break
    case "json":
      StateFiles.print(JSONValue.array(pids.sorted().map { .integer(Int64($0)) }).text() + [UInt8(ascii: "\n")])
      return 0
    case .some: throw HullError(.invalidArgument, "invalid format option")
    }
    let options = Array(invocation.positional.dropFirst())
    let output = try capture(["ps"] + (options.isEmpty ? ["-ef"] : options))
    let lines = output.split(separator: "\n")
    guard let title = lines.first, let column = title.split(separator: " ").firstIndex(of: "PID") else {
      throw HullError(.internalError, "couldn't find PID field in ps output")
    }
    let wanted = Set(pids)
    let kept = lines.dropFirst().filter { line in
      let fields = line.split(separator: " ")
      return column < fields.count && Int32(fields[column]).map(wanted.contains) == true
    }
    return Program.print(([title] + kept).map { $0 + "\n" }.joined())
  }

  /// Runs a program of the host and returns what it wrote; a failure carries what it complained about.
  private static func capture(_ command: [String]) throws(HullError) -> String {
    let path = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map { "\($0)/\(command[0])" }.first(where: StateFiles.exists)
    guard let path else { throw HullError(.notFound, "\(command[0]): executable file not found; install it") }
    return try system { () throws(SystemError) in
      let pipe = try Descriptors.pipe()
      let reader = OwnedDescriptor(pipe.first)
      let writer = OwnedDescriptor(pipe.second)
      let pid = try Subprocess.start(path, command, environment: ["PATH=/usr/bin:/bin"], stdout: writer.number, stderr: 2)
      _ = consume writer
      let output = try Files.readAll(reader.number, limit: 64 << 20, name: command[0])
      let code = try Processes.reap(pid)
      guard code == 0 else { throw SystemError(EINVAL, "\(command.joined(separator: " ")): exit status \(code)") }
      return Boxed(String(decoding: output, as: UTF8.self))
    }.value
  }

  private struct Boxed {
    let value: String
    init(_ value: String) { self.value = value }
  }
}
