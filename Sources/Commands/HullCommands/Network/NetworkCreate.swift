// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull network create`
enum NetworkCreate {
  static let command = Command(
    name: "create", summary: "Create a network", usage: "[OPTIONS] NETWORK", arguments: .exactly(1),
    flags: {
      [
        .bool("attachable", "Enable manual container attachment"),
        .list("aux-address", type: "map", "Auxiliary IPv4 or IPv6 addresses used by Network driver", shown: "map[]"),
        .string("config-from", "The network from which to copy the configuration"),
        .bool("config-only", "Create a configuration only network"), .string("driver,d", "Driver to manage the Network", initial: "bridge"),
        .list("gateway", type: "strings", "IPv4 or IPv6 Gateway for the master subnet"),
        .bool("ingress", "Create swarm routing-mesh network"), .bool("internal", "Restrict external access to the network"),
        .list("ip-range", type: "strings", "Allocate container ip from a sub-range"),
        .string("ipam-driver", "IP Address Management Driver", initial: "default"),
        .list("ipam-opt", type: "map", "Set IPAM driver specific options", shown: "map[]"),
        .bool("ipv4", "Enable or disable IPv4 address assignment", initial: true),
        .bool("ipv6", "Enable or disable IPv6 address assignment"),
        .list("label", "Set metadata on a network", check: RunValues.label),
        .list("opt,o", type: "map", "Set driver specific options", shown: "map[]"), .string("scope", "Control the network's scope"),
        .list("subnet", type: "strings", "Subnet in CIDR format that represents a network segment"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let body = try body(call)
    let answer = try call.engine().json("POST", "/networks/create", body: body)
    if !answer["Warning"].text.isEmpty { call.out.error("WARNING: \(answer["Warning"].text)") }
    call.out.line(answer["Id"].text)
    return 0
  }

  /// The body of `POST /networks/create`. Whether there are addresses of a family is said only when the user said it.
  static func body(_ call: Invocation) throws -> JSON {
    let pools = try NetworkPools(
      subnets: call.fields("subnet"), ranges: call.fields("ip-range"), gateways: call.fields("gateway"), reserved: call.list("aux-address"))
    var body: JSONObject = ["Name": .string(call.arguments[0]), "Driver": .string(call.string("driver")), "Scope": .string(call.string("scope"))]
    for (flag, member) in [("ipv4", "EnableIPv4"), ("ipv6", "EnableIPv6")] where call.changed(flag) { body[member] = .bool(call.bool(flag)) }
    body["IPAM"] = [
      "Driver": .string(call.string("ipam-driver")), "Options": KeyValueFiles.object(call.list("ipam-opt")), "Config": pools.config,
    ]
    for (flag, member) in [("internal", "Internal"), ("attachable", "Attachable"), ("ingress", "Ingress"), ("config-only", "ConfigOnly")] {
      body[member] = .bool(call.bool(flag))
    }
    let template = call.string("config-from")
    body["ConfigFrom"] = template.isEmpty ? .null : ["Network": .string(template)]
    body["Options"] = KeyValueFiles.object(call.list("opt"))
    body["Labels"] = KeyValueFiles.object(call.list("label"))
    return .object(body)
  }
}
