// SPDX-License-Identifier: Apache-2.0
import Addressing
import Networking

/// What the daemon's command line says about networks.
package struct NetworkConfiguration: Sendable {
  /// The device of the default network; the packet rules' table is called after it.
  package var bridge = NetworkConfiguration.defaultBridge
  /// The default bridge's own address with its subnet; `nil`: from the pools.
  package var bridgeAddress: IPPrefix?
  /// Bytes.
  package var mtu = 1500
  /// Whether the default network has IPv6 addresses.
  package var ipv6 = false
  /// Where ports are published that name no address: `0.0.0.0` means every address of either family.
  package var bindAddress = "0.0.0.0"
  /// Where subnets come from that nobody names.
  package var pools: [AddressPool] = AddressPool.defaults
  /// How packets from other hosts come to published ports.
  package var delivery = PortDelivery.auto
  /// Name servers for containers that name none; empty: the host's.
  package var nameServers: [IPAddress] = []
  /// What `host-gateway` stands for; `nil`: the default bridge's address.
  package var hostGateway: IPAddress?

  package static let defaultBridge = "hull0"

  package init() {}

  /// The nftables table of this engine.
  var table: String {
    bridge == NetworkConfiguration.defaultBridge
      ? "hull" : "hull_" + bridge.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "_" }.joined()
  }
}
