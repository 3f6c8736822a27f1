// SPDX-License-Identifier: Apache-2.0
import Addressing
import DockerAPI
import EngineStore

/// By which of a container's networks its default routes go: the one with the highest priority that has a gateway, at the same priority the
/// one whose name comes first (as Docker has it since version 28). Each family for itself.
struct GatewayChoice {
  let endpoints: [EndpointRecord]
  let settings: [String: EndpointSettings]

  func endpoint(_ family: IPAddress.Family) -> EndpointRecord? {
    endpoints.filter { (family == .v4 ? $0.gateway4 : $0.gateway6) != nil && $0.address(family) != nil }.min {
      let (left, right) = (settings[$0.network]?.gwPriority ?? 0, settings[$1.network]?.gwPriority ?? 0)
      return left == right ? $0.network < $1.network : left > right
    }
  }

  /// The gateways that one endpoint stands for.
  func gateways(of endpoint: EndpointRecord) -> [IPAddress] {
    [IPAddress.Family.v4, .v6].compactMap { family in
      guard self.endpoint(family)?.id == endpoint.id else { return nil }
      return (family == .v4 ? endpoint.gateway4 : endpoint.gateway6).flatMap { IPAddress($0) }
    }
  }
}
