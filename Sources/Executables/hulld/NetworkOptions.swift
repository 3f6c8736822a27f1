// SPDX-License-Identifier: Apache-2.0
import Addressing
import ArgumentParser
import Engine
import Errors
import Networking

/// What the command line says about networks.
struct NetworkOptions: ParsableArguments {
  @Option(help: "Bridge device of the default network; engines side by side on one host need different ones.")
  var bridge = NetworkConfiguration.defaultBridge

  @Option(help: "The default bridge's own address with its subnet, ADDRESS/LENGTH (default: from the address pools).")
  var bip: String?

  @Option(help: "Bytes of a packet on the default network.")
  var mtu = 1500

  @Flag(help: "Give the default network IPv6 addresses.")
  var ipv6 = false

  @Option(name: .customLong("ip"), help: "Address of the host at which ports are published that name none.")
  var bindAddress = "0.0.0.0"

  @Option(
    name: .customLong("default-address-pool"), parsing: .singleValue,
    help: "Where subnets come from that nobody names, base=PREFIX,size=LENGTH. May be repeated.")
  var pools: [String] = []

  @Option(
    help:
      "How packets from other hosts come to published ports: forward (fastest), local (by the host's own input rules) or auto (local where there are such rules)."
  )
  var portDelivery = "auto"

  @Option(parsing: .singleValue, help: "Name server of containers that name none (default: the host's). May be repeated.")
  var dns: [String] = []

  @Option(help: "What host-gateway stands for in --add-host (default: the default bridge's address).")
  var hostGatewayIP: String?

  /// Throws `invalidArgument` with the option's name.
  func configuration() throws(HullError) -> NetworkConfiguration {
    var configuration = NetworkConfiguration()
    guard (1...15).contains(bridge.utf8.count), bridge != "none" else {
      throw invalid("--bridge", bridge, "an interface name of at most 15 characters")
    }
    configuration.bridge = bridge
    configuration.mtu = mtu
    guard (68...65535).contains(mtu) else { throw invalid("--mtu", "\(mtu)", "68 to 65535 bytes") }
    configuration.ipv6 = ipv6
    _ = try address("--ip", bindAddress)
    configuration.bindAddress = bindAddress
    guard let delivery = PortDelivery(rawValue: portDelivery) else { throw invalid("--port-delivery", portDelivery, "auto, forward or local") }
    configuration.delivery = delivery
    if let bip {
      guard let prefix = IPPrefix(bip), prefix.address != prefix.first else {
        throw invalid("--bip", bip, "ADDRESS/LENGTH with the bridge's own address")
      }
      configuration.bridgeAddress = prefix
    }
    if !pools.isEmpty { configuration.pools = try pools.map(pool) }
    configuration.nameServers = try dns.map { (text) throws(HullError) in try address("--dns", text) }
    configuration.hostGateway = try hostGatewayIP.map { (text) throws(HullError) in try address("--host-gateway-ip", text) }
    return configuration
  }

  private func address(_ option: String, _ text: String) throws(HullError) -> IPAddress {
    guard let address = IPAddress(text) else { throw invalid(option, text, "an IP address") }
    return address
  }

  private func pool(_ text: String) throws(HullError) -> AddressPool {
    var values: [String: String] = [:]
    for part in text.split(separator: ",") {
      let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
      if pair.count == 2 { values[pair[0]] = pair[1] }
    }
    guard let base = values["base"].flatMap({ IPPrefix($0) }), let size = values["size"].flatMap({ Int($0) }) else {
      throw invalid("--default-address-pool", text, "base=PREFIX,size=LENGTH")
    }
    return try AddressPool(base: base, size: size)
  }

  private func invalid(_ option: String, _ value: String, _ fix: String) -> HullError {
    HullError(.invalidArgument, "invalid \(option) '\(value)': use \(fix)")
  }
}
