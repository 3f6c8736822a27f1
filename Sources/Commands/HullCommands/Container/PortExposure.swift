// SPDX-License-Identifier: Apache-2.0

/// `hull port --exposure`: who can reach the published ports, as the engine sees the host's addresses and its firewall.
enum PortExposure {
  private static let listing = Listing(
    type: "*hull.exposure",
    headings: [
      "Container": "CONTAINER", "Port": "PORT", "Published": "PUBLISHED", "ReachableFrom": "REACHABLE FROM", "HostFirewall": "HOST FIREWALL",
      "Reach": "REACH", "Address": "ADDRESS",
    ], table: "{{.Container}}\\t{{.Port}}\\t{{.Published}}\\t{{.ReachableFrom}}\\t{{.HostFirewall}}")

  /// Of one container, or of all that run.
  static func show(_ call: Invocation) throws -> Int32 {
    guard call.arguments.count <= 1 else {
      throw UsageError(message: "hull: 'hull \(call.path) --exposure' requires at most 1 argument", status: 1)
    }
    let engine = try call.engine()
    var found: [JSON] = []
    if let name = call.arguments.first {
      found = try engine.json("GET", path(call, name)).array
    } else {
      for container in try engine.json("GET", "/containers/json").array {
        do {
          found += try engine.json("GET", path(call, container["Id"].text)).array
        } catch let failure as EngineFailure where failure.status == 404 {
          // It ended since it was listed.
        }
      }
    }
    call.out.write(try listing.text(rows(found), format: call.string("format"), fitting: Terminal.columns))
    return 0
  }

  private static func path(_ call: Invocation, _ name: String) -> String { "/hull" + call.container(name, "/exposure") }

  static func rows(_ found: [JSON]) -> [Listing.Row] {
    let rows = found.map { exposure in
      Listing.Row(fields: [
        "Container": .string(exposure["Container"].text), "Port": .string("\(exposure["PrivatePort"].int ?? 0)/\(exposure["Type"].text)"),
        "Published": .string(ContainerPort.address(exposure)), "ReachableFrom": .string(reachable(exposure)),
        "HostFirewall": .string(exposure["Filter"].text.isEmpty ? "-" : exposure["Filter"].text), "Reach": .string(exposure["Reach"].text),
        "Address": .string(exposure["Address"].text),
      ])
    }
    let key: (Listing.Row) -> String = { row in ["Container", "Port", "Published"].map { row.fields[$0]?.text ?? "" }.joined(separator: " ") }
    return rows.sorted { NaturalOrder.isBefore(key($0), key($1)) }
  }

  private static func reachable(_ exposure: JSON) -> String {
    let words = ["everyone": "everyone", "host": "this host", "network": "the network"]
    let reach = exposure["Reach"].text
    let address = exposure["Address"].text
    return (words[reach] ?? reach) + (address.isEmpty ? "" : " (\(address))")
  }
}
