// SPDX-License-Identifier: Apache-2.0

/// `hull system status`
enum SystemStatus {
  static let command = Command(
    name: "status", summary: "Show whether hulld runs, and how", usage: "[OPTIONS]",
    flags: { DaemonPlace.flags + [.format("f", table: false)] }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let place = try DaemonPlace(call)
    let pid = place.process()
    let engine = EngineClient(endpoint: place.endpoint)
    let version = try? engine.json("GET", "/version")
    let info = try? engine.json("GET", "/info")
    var status: JSONObject = ["Running": .bool(version != nil), "Host": .string(place.endpoint.description)]
    if let pid {
      status["Pid"] = .int(Int(pid))
      status["Memory"] = .int(memory(Int(pid)))
      status["Sockets"] = .strings(sockets(Int(pid)))
    }
    if let version {
      status["Version"] = version["Version"]
      status["ApiVersion"] = version["ApiVersion"]
    }
    if let info {
      for name in ["Containers", "ContainersRunning", "Images"] { status[name] = info[name] }
      status["Root"] = info["DockerRootDir"]
    }
    let format = call.string("format")
    if format == "json" {
      call.out.line(JSON.object(status).encoded())
    } else if !format.isEmpty {
      do { call.out.line(try Template(format).render(TemplateSubject(value: .object(status)))) } catch {
        throw ExitStatus(64, "template parsing error: \(error)")
      }
    } else {
      call.out.write(text(.object(status)))
    }
    return version == nil ? 3 : 0
  }

  private static func text(_ status: JSON) -> String {
    guard status["Running"].bool == true else {
      let what = status["Pid"].int.map { "hulld (pid \($0)) does not answer" } ?? "hulld is not running"
      return "\(what) at \(status["Host"].text)\nstart it with: hull system start\n"
    }
    let sockets = status["Sockets"].strings
    let rows = [
      ("Hull", "\(status["Version"].text), API \(status["ApiVersion"].text)"),
      ("Sockets", (sockets.isEmpty ? [status["Host"].text] : sockets).joined(separator: ", ")), ("PID", String(status["Pid"].int ?? 0)),
      ("Memory", Units.binarySize(status["Memory"].double ?? 0)),
      ("Containers", "\(status["Containers"].int ?? 0), \(status["ContainersRunning"].int ?? 0) running"),
      ("Images", String(status["Images"].int ?? 0)),
      ("Root", status["Root"].text),
    ]
    return rows.map { Text.padded("\($0.0):", 13) + $0.1 + "\n" }.joined()
  }

  /// Resident bytes.
  private static func memory(_ pid: Int) -> Int {
    for line in (Files.text("/proc/\(pid)/status") ?? "").split(separator: "\n") where line.hasPrefix("VmRSS:") {
      return (line.split(separator: " ").compactMap { Int($0.filter(\.isNumber)) }.first ?? 0) * 1024
    }
    return 0
  }

  /// The unix sockets that the process listens on, from the kernel's table.
  private static func sockets(_ pid: Int) -> [String] {
    let inodes = Set(
      ((try? TreeArchive.children("/proc/\(pid)/fd")) ?? []).compactMap { name -> String? in
        guard let target = try? TreeArchive.target("/proc/\(pid)/fd/\(name)"), target.hasPrefix("socket:[") else { return nil }
        return String(target.dropFirst(8).dropLast())
      })
    var found: [String] = []
    for line in (Files.text("/proc/net/unix") ?? "").split(separator: "\n").dropFirst() {
      let words = line.split(separator: " ").map(String.init)
      // Flags 00010000: a listening socket. Only the engine's own names, not those of the shims it made.
      guard words.count >= 8, words[3] == "00010000", inodes.contains(words[6]), !words[7].hasSuffix("shim.sock") else { continue }
      found.append("unix://\(words[7])")
    }
    return Array(Set(found)).sorted()
  }
}
