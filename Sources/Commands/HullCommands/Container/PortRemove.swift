// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull container port rm`
enum PortRemove {
  static let command = Command(
    name: "rm", otherNames: ["remove"], summary: "Stop publishing ports of a running container", usage: "CONTAINER HOST_PORT[/PROTO]...",
    arguments: .atLeast(2), completion: .runningContainers,
    run: { call in
      let engine = try call.engine()
      let ports = try call.arguments.dropFirst().flatMap(ports)
      return call.forEach(ports) { port in
        _ = try engine.bytes("DELETE", "/hull" + call.container(call.arguments[0], "/ports"), query: [("port", port)])
        return nil
      }
    })

  /// `8080`, `8080/udp` and `8000-8010` as the engine takes them: `8080/tcp`.
  static func ports(_ text: String) throws(HullError) -> [String] {
    let (ports, proto) = PortSpec.parted(text)
    guard ["tcp", "udp", "sctp"].contains(proto) else { throw HullError(.invalidArgument, "invalid proto: \(proto)") }
    guard let range = PortSpec.range(ports), range.lowerBound > 0 else {
      throw HullError(.invalidArgument, "invalid host port: \(text): give a port of the host, such as 8080 or 53/udp")
    }
    return range.map { "\($0)/\(proto)" }
  }
}
