// SPDX-License-Identifier: Apache-2.0
import Addressing
import EngineStore
import Errors
import Networking

/// The networks that are always there: bridge, host and none.
enum PredefinedNetworks {
  static let names = ["bridge", "host", "none"]

  static func exists(_ name: String) -> Bool { names.contains(name) }

  /// Their IDs are the same on every machine: they are made from their names.
  static func id(_ name: String) -> String { identifier(name) }

  /// The host's network and none: nothing about them is kept.
  static func unmanaged(_ name: String, created: Int64) -> NetworkRecord {
    NetworkRecord(id: id(name), name: name, created: created, definition: NetworkDefinition(driver: name == "none" ? "null" : name))
  }

  /// The default network. Its subnet stays the same from its first creation on.
  static func bridge(_ settings: NetworkConfiguration, pools: AddressPools, avoiding taken: [TakenPrefix]) throws(HullError) -> NetworkRecord {
    var definition = NetworkDefinition(driver: "bridge")
    definition.ipv6 = settings.ipv6
    definition.options = [
      NetworkOptions.Key.bridgeName: settings.bridge, NetworkOptions.Key.defaultBridge: "true", NetworkOptions.Key.interContainer: "true",
      NetworkOptions.Key.masquerade: "true", NetworkOptions.Key.bindIPv4: settings.bindAddress, NetworkOptions.Key.mtu: String(settings.mtu),
    ]
    let own = settings.bridgeAddress.map { [SubnetRequest(subnet: $0.network.description, gateway: $0.address.description)] } ?? []
    definition.subnets = try pools.plan(own, ipv6: settings.ipv6, avoiding: taken).map(\.record)
    return NetworkRecord(id: id("bridge"), name: "bridge", created: Timestamp.now(), definition: definition)
  }

  /// 64 hexadecimal digits from four rounds of FNV-1a.
  private static func identifier(_ name: String) -> String {
    (0..<4).map { round in
      let hash = "hull network \(round) \(name)".utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
      let digits = String(hash, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
