// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors

extension AddressPools {
  /// The subnets of a new network: those that the user names, checked, and one from the pools for every family that is on and has none.
  ///
  /// A subnet from the pools avoids all of `taken`; a user's own only what networks hold, as with Docker: a macvlan network
  /// shares the subnet of its parent, and whoever names a subnet may know better than the routing table.
  /// Throws `invalidArgument`, with every problem at once, or `forbidden` for an overlap.
  package func plan(
    _ requests: [SubnetRequest], ipv4: Bool = true, ipv6: Bool = false, avoiding taken: [TakenPrefix]
  ) throws(HullError) -> [SubnetConfiguration] {
    var result: [SubnetConfiguration] = []
    for configuration in try Self.read(requests, ipv6: ipv6) where configuration.subnet.family == .v6 || ipv4 {
      var configuration = configuration
      let others = taken + result.map { TakenPrefix($0.subnet, .network("that is being created")) }
      if configuration.subnet.address.isUnspecified {
        configuration.subnet = try choose(configuration.subnet.family, size: configuration.subnet.length.nonZero, avoiding: others)
      } else {
        try Self.requireFree(configuration.subnet, others.filter(\.isNetwork))
      }
      result.append(configuration)
    }
    for family in [ipv4 ? IPAddress.Family.v4 : nil, ipv6 ? .v6 : nil].compactMap({ $0 })
    where !result.contains(where: { $0.subnet.family == family }) {
      result.append(SubnetConfiguration(subnet: try choose(family, avoiding: taken)))
    }
    return result
  }

  /// Throws `forbidden`, in Docker's words and with the name of what is in the way, when `subnet` shares an address with one of `taken`.
  package static func requireFree(_ subnet: IPPrefix, _ taken: [TakenPrefix]) throws(HullError) {
    guard let other = taken.first(where: { $0.prefix.overlaps(subnet) }) else { return }
    throw HullError(.forbidden, "invalid pool request: Pool overlaps with other one on this address space: \(subnet), and \(other)")
  }

  private static func read(_ requests: [SubnetRequest], ipv6: Bool) throws(HullError) -> [SubnetConfiguration] {
    var reader = SubnetReader()
    // As with Docker, IPv6 subnets of a network without IPv6 are passed over.
    let result = requests.filter { ipv6 || IPPrefix($0.subnet)?.family != .v6 }.compactMap { reader.read($0) }
    guard reader.problems.isEmpty else { throw HullError(.invalidArgument, "invalid network config:\n\(joined(reader.problems))") }
    return result
  }
}

extension Int {
  fileprivate var nonZero: Int? { self == 0 ? nil : self }
}
