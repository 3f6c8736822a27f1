// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull port`
enum ContainerPort {
  static let command = Command(
    name: "port", summary: "List port mappings or a specific mapping for the container", usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
    aliases: ["container port", "port"], arguments: .between(1, 2), completion: .runningContainers, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let info = try call.engine().json("GET", call.container(call.arguments[0], "/json"))
    let ports = info["NetworkSettings"]["Ports"].object
    var lines: [String] = []
    if call.arguments.count == 2 {
      let wanted = call.arguments[1].contains("/") ? call.arguments[1] : call.arguments[1] + "/tcp"
      lines = (ports[wanted]?.array ?? []).map(address)
      if lines.isEmpty { throw HullError(.notFound, "no public port '\(wanted)' published for \(call.arguments[0])") }
    } else {
      for (port, bindings) in ports.members.sorted(by: { ordering($0.key) < ordering($1.key) }) {
        lines += bindings.array.map { "\(port) -> \(address($0))" }
      }
    }
    for line in lines { call.out.line(line) }
    return 0
  }

  private static func ordering(_ port: String) -> (Int, String) { (Int(port.prefix { $0 != "/" }) ?? 0, port) }

  private static func address(_ binding: JSON) -> String {
    let host = binding["HostIp"].text
    return (host.contains(":") ? "[\(host)]" : host) + ":" + binding["HostPort"].text
  }
}
