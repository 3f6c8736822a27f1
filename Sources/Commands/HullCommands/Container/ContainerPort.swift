// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull port`, and below it the verbs that change what is published.
enum ContainerPort {
  static let command = Command(
    name: "port", summary: "List port mappings or a specific mapping for the container", usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
    moreUsage: ["--exposure [OPTIONS] [CONTAINER]", "COMMAND"], aliases: ["container port", "port"], arguments: .any,
    completion: .runningContainers,
    flags: { [.bool("exposure", "Show from where each published port can be reached"), .format()] }, run: run,
    subcommands: { [PortAdd.command, PortRemove.command] })

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    if call.bool("exposure") { return try PortExposure.show(call) }
    guard (1...2).contains(call.arguments.count) else {
      throw UsageError(message: "hull: 'hull \(call.path)' requires at least 1 and at most 2 arguments", status: 1)
    }
    let name = call.arguments[0]
    guard !call.changed("format") else { throw HullError(.invalidArgument, "--format needs --exposure") }
    let ports = try call.engine().json("GET", call.container(name, "/json"))["NetworkSettings"]["Ports"].object
    let lines = call.arguments.count == 2 ? try addresses(of: call.arguments[1], ports, name) : all(ports)
    for line in lines.sorted(by: NaturalOrder.isBefore) { call.out.line(line) }
    return 0
  }

  private static func all(_ ports: JSONObject) -> [String] {
    ports.members.flatMap { port, bindings in bindings.array.map { "\(port) -> \(address($0))" } }
  }

  private static func addresses(of wanted: String, _ ports: JSONObject, _ name: String) throws -> [String] {
    let (port, proto) = PortSpec.parted(wanted)
    guard UInt16(port) != nil else { throw HullError(.invalidArgument, "Error: invalid port (\(port)): \(PortSpec.fault(in: port))") }
    let found = ports["\(port)/\(proto)"]?.array ?? []
    guard !found.isEmpty else { throw HullError(.notFound, "Error: No public port '\(wanted)' published for \(name)") }
    return found.map(address)
  }

  /// `0.0.0.0:8080`, `[::]:8080` of a `HostIp` and a `HostPort`.
  static func address(_ binding: JSON) -> String {
    let (host, port) = (binding["HostIp"].text, binding["HostPort"])
    return (host.contains(":") ? "[\(host)]" : host) + ":" + (port.string ?? port.int.map(String.init) ?? "")
  }
}
