// SPDX-License-Identifier: Apache-2.0

/// `hull info`
enum SystemInfo {
  static let command = Command(
    name: "info", summary: "Display system-wide information", usage: "[OPTIONS]", aliases: ["system info", "info"],
    flags: { [.format("f", table: false)] }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let engine = try call.engine()
    let info = try engine.json("GET", "/info")
    let format = call.string("format")
    var client = JSONObject()
    client["Version"] = .string(HullVersion.current)
    client["Debug"] = false
    var whole = info.object
    whole["ClientInfo"] = .object(client)
    if format == "json" {
      call.out.line(JSON.object(whole).encoded())
    } else if !format.isEmpty {
      do {
        call.out.line(try Template(format).render(TemplateSubject(value: .object(whole))))
      } catch {
        throw ExitStatus(64, "template parsing error: \(error)")
      }
    } else {
      call.out.write("Client:\n Version:    \(HullVersion.current)\n Host:       \(engine.endpoint.description)\n Debug Mode: false\n\nServer:\n")
      call.out.write(server(info))
      for warning in info["Warnings"].strings { call.out.error(warning) }
    }
    return 0
  }

  private static func server(_ info: JSON) -> String {
    var lines: [String] = []
    func add(_ title: String, _ value: String, always: Bool = false) { if always || !value.isEmpty { lines.append(" \(title): \(value)") } }
    func number(_ name: String) -> String { String(info[name].int ?? 0) }
    lines += [
      " Containers: \(number("Containers"))", "  Running: \(number("ContainersRunning"))", "  Paused: \(number("ContainersPaused"))",
      "  Stopped: \(number("ContainersStopped"))", " Images: \(number("Images"))",
    ]
    add("Server Version", info["ServerVersion"].text)
    add("Storage Driver", info["Driver"].text)
    for pair in info["DriverStatus"].array where pair.strings.count == 2 { lines.append("  \(pair.strings[0]): \(pair.strings[1])") }
    add("Logging Driver", info["LoggingDriver"].text)
    add("Cgroup Driver", info["CgroupDriver"].text)
    add("Cgroup Version", info["CgroupVersion"].text)
    lines.append(" Plugins:")
    for kind in ["Volume", "Network", "Log"] { lines.append("  \(kind): \(info["Plugins"][kind].strings.joined(separator: " "))") }
    add("Swarm", info["Swarm"]["LocalNodeState"].text)
    add("Runtimes", info["Runtimes"].object.keys.joined(separator: " "))
    add("Default Runtime", info["DefaultRuntime"].text)
    add("Init Binary", info["InitBinary"].text)
    for (name, title) in [("ContainerdCommit", "containerd version"), ("RuncCommit", "runc version"), ("InitCommit", "init version")] {
      add(title, info[name]["ID"].text)
    }
    security(info, &lines)
    for (name, title) in [
      ("KernelVersion", "Kernel Version"), ("OperatingSystem", "Operating System"), ("OSType", "OSType"), ("Architecture", "Architecture"),
    ] {
      add(title, info[name].text)
    }
    add("CPUs", number("NCPU"))
    add("Total Memory", Units.binarySize(info["MemTotal"].double ?? 0))
    add("Name", info["Name"].text)
    add("ID", info["ID"].text)
    add("Root Dir", info["DockerRootDir"].text)
    add("Debug Mode", info["Debug"].bool == true ? "true" : "false")
    if !info["Labels"].strings.isEmpty { lines += [" Labels:"] + info["Labels"].strings.map { "  \($0)" } }
    add("Experimental", info["ExperimentalBuild"].bool == true ? "true" : "false")
    add("Live Restore Enabled", info["LiveRestoreEnabled"].bool == true ? "true" : "false")
    return lines.joined(separator: "\n") + "\n\n"
  }

  /// `name=seccomp,profile=builtin` as a name with its profile below.
  private static func security(_ info: JSON, _ lines: inout [String]) {
    let options = info["SecurityOptions"].strings
    guard !options.isEmpty else { return }
    lines.append(" Security Options:")
    for option in options {
      for field in Text.split(option, ",") {
        guard let (key, value) = Text.cut(field, "=") else {
          lines.append("  \(field)")
          continue
        }
        lines.append(key == "name" ? "  \(value)" : "   \(key.prefix(1).uppercased() + key.dropFirst()): \(value)")
      }
    }
  }
}
