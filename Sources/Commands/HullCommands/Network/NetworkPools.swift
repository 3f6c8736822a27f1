// SPDX-License-Identifier: Apache-2.0
import Errors

/// The subnets of a network to be, each with the range, the gateway and the reserved addresses that lie in it: `IPAM.Config`.
struct NetworkPools {
  private struct Pool {
    let subnet: String
    var range = ""
    var gateway = ""
    var reserved = JSONObject()
  }

  private var pools: [Pool] = []

  /// Throws when something lies in no subnet, two subnets overlap, or a subnet is given two ranges or gateways.
  init(subnets: [String], ranges: [String], gateways: [String], reserved: [String]) throws(HullError) {
    guard subnets.count >= ranges.count, subnets.count >= gateways.count else {
      throw HullError(.invalidArgument, "every ip-range or gateway must have a corresponding subnet")
    }
    for subnet in subnets { try add(subnet) }
    for range in ranges { try place(range: range) }
    for gateway in gateways { try place(gateway: gateway) }
    for entry in reserved { try place(reserved: Text.cut(entry, "=") ?? (entry, "")) }
  }

  /// The members of `IPAM.Config` in the order of the subnets.
  var config: JSON {
    .array(
      pools.map { pool in
        var config: JSONObject = ["Subnet": .string(pool.subnet)]
        if !pool.range.isEmpty { config["IPRange"] = .string(pool.range) }
        if !pool.gateway.isEmpty { config["Gateway"] = .string(pool.gateway) }
        if !pool.reserved.isEmpty { config["AuxiliaryAddresses"] = .object(pool.reserved) }
        return .object(config)
      })
  }

  private mutating func add(_ subnet: String) throws(HullError) {
    for pool in pools where try Self.prefix(pool.subnet).overlaps(Self.prefix(subnet)) {
      throw HullError(.invalidArgument, "multiple overlapping subnet configuration is not supported")
    }
    pools.append(Pool(subnet: subnet))
  }

  private mutating func place(range: String) throws(HullError) {
    guard let wanted = IPPrefix(range) else { throw HullError(.invalidArgument, "invalid CIDR address: \(range)") }
    let index = try index(of: "range \(range)") { $0.contains(wanted) }
    let pool = pools[index]
    guard pool.range.isEmpty else {
      throw HullError(.invalidArgument, "cannot configure multiple ranges (\(range), \(pool.range)) on the same subnet (\(pool.subnet))")
    }
    pools[index].range = range
  }

  private mutating func place(gateway: String) throws(HullError) {
    let address = Text.cut(gateway, "/")?.0 ?? gateway
    let index = try index(of: "gateway \(gateway)") { $0.contains(address: address) }
    let pool = pools[index]
    guard pool.gateway.isEmpty else {
      throw HullError(.invalidArgument, "cannot configure multiple gateways (\(gateway), \(pool.gateway)) for the same subnet (\(pool.subnet))")
    }
    pools[index].gateway = gateway
  }

  private mutating func place(reserved: (name: String, address: String)) throws(HullError) {
    let index = try index(of: "aux-address \(reserved.address)") { $0.contains(address: reserved.address) }
    pools[index].reserved[reserved.name] = .string(reserved.address)
  }

  private func index(of thing: String, in contains: (IPPrefix) -> Bool) throws(HullError) -> Int {
    for (index, pool) in pools.enumerated() where contains(try Self.prefix(pool.subnet)) { return index }
    throw HullError(.invalidArgument, "no matching subnet for \(thing)")
  }

  private static func prefix(_ subnet: String) throws(HullError) -> IPPrefix {
    guard let prefix = IPPrefix(subnet) else { throw HullError(.invalidArgument, "invalid subnet: invalid CIDR address: \(subnet)") }
    return prefix
  }
}
