// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull version`
enum Version {
  static let command = Command(
    name: "version", summary: "Show the Hull version information", usage: "[OPTIONS]", flags: { [.format("f", table: false)] }, run: run)

  #if arch(arm64)
    private static let architecture = "arm64"
  #else
    private static let architecture = "amd64"
  #endif

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let format = call.string("format")
    let client: JSON = [
      "Version": .string(HullVersion.current), "ApiVersion": .string(HullVersion.api), "DefaultAPIVersion": .string(HullVersion.api),
      "GitCommit": .string(HullVersion.commit), "Os": "linux", "Arch": .string(architecture),
    ]
    var server: JSON = .null
    var failure: (any Error)?
    do { server = try call.engine().json("GET", "/version") } catch { failure = error }
    let whole: JSON = ["Client": client, "Server": server]
    if format == "json" {
      call.out.line(whole.encoded())
    } else if !format.isEmpty {
      do { call.out.line(try Template(format).render(TemplateSubject(value: whole))) } catch {
        throw ExitStatus(64, "template parsing error: \(error)")
      }
    } else {
      call.out.write(text(client, server))
    }
    if let failure { throw failure }
    return 0
  }

  private static func text(_ client: JSON, _ server: JSON) -> String {
    var rows = [
      ("Client:", ""), (" Version:", client["Version"].text), (" API version:", client["ApiVersion"].text),
      (" Git commit:", client["GitCommit"].text),
      (" OS/Arch:", "linux/\(architecture)"),
    ]
    if !server.isNull {
      let platform = server["Platform"]["Name"].text
      rows += [("", ""), ("Server:" + (platform.isEmpty ? "" : " \(platform)"), "")]
      for component in server["Components"].array { rows += self.component(component) }
      if server["Components"].array.isEmpty { rows += [(" Version:", server["Version"].text), (" API version:", server["ApiVersion"].text)] }
    }
    let width = (rows.filter { !$0.1.isEmpty }.map(\.0.count).max() ?? 0) + 4
    return rows.map { $0.1.isEmpty ? "\($0.0)\n" : "\(Text.padded($0.0, width))\($0.1)\n" }.joined()
  }

  private static func component(_ component: JSON) -> [(String, String)] {
    let details = component["Details"]
    var rows = [(" \(component["Name"].text):", ""), ("  Version:", component["Version"].text)]
    guard component["Name"].text == "Engine" else {
      return rows + details.object.sorted.map { ("  \($0.key):", $0.value.text) }
    }
    rows += [("  API version:", "\(details["ApiVersion"].text) (minimum version \(details["MinAPIVersion"].text))")]
    for (name, title) in [("GoVersion", "Go version"), ("GitCommit", "Git commit"), ("BuildTime", "Built"), ("KernelVersion", "Kernel")]
    where !details[name].text.isEmpty {
      rows.append(("  \(title):", details[name].text))
    }
    rows.append(("  OS/Arch:", "\(details["Os"].text)/\(details["Arch"].text)"))
    return rows
  }
}
