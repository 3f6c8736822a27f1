// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull network connect`
enum NetworkConnect {
  static let command = Command(
    name: "connect", summary: "Connect a container to a network", usage: "[OPTIONS] NETWORK CONTAINER", arguments: .exactly(2),
    completion: .networkThenContainers,
    flags: {
      [
        .list("alias", type: "strings", "Add network-scoped alias for the container"),
        .list("driver-opt", type: "strings", "driver options for the network"),
        .int("gw-priority", "Highest gw-priority provides the default gateway. Accepts positive and negative values."),
        .string("ip", "IPv4 address (e.g., \"172.30.100.104\")"), .string("ip6", "IPv6 address (e.g., \"2001:db8::33\")"),
        .list("link", "Add link to another container", check: RunValues.link),
        .list("link-local-ip", type: "strings", "Add a link-local address for the container"),
      ]
    },
    run: { call in
      let body = try body(call)
      _ = try call.engine().bytes("POST", call.network(call.arguments[0], "/connect"), body: body)
      return 0
    })

  /// The body of `POST /networks/NAME/connect`.
  static func body(_ call: Invocation) throws -> JSON {
    var options = JSONObject()
    for option in try call.fields("driver-opt") {
      guard let (name, value) = Text.cut(option, "="), !name.isEmpty else {
        throw HullError(.invalidArgument, "invalid key/value pair format in driver options")
      }
      options[name] = .string(value)
    }
    let addresses = NetworkAttachment.addresses(
      ipv4: call.string("ip"), ipv6: call.string("ip6"), linkLocal: try call.fields("link-local-ip"))
    return [
      "Container": .string(call.arguments[1]),
      "EndpointConfig": [
        "IPAMConfig": .object(addresses), "Links": .optional(call.list("link")), "Aliases": .strings(try call.fields("alias")),
        "DriverOpts": .object(options), "GwPriority": .int(call.int("gw-priority")),
      ],
    ]
  }
}
