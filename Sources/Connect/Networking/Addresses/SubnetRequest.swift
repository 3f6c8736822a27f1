// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors

/// What a user says about one subnet of a network (`IPAM.Config`), as text; empty text is nothing said.
package struct SubnetRequest: Hashable, Sendable {
  /// `ADDRESS/LENGTH`; `0.0.0.0/LENGTH` asks for a subnet of that size.
  package var subnet: String
  /// The part of the subnet that workloads get addresses from.
  package var range: String
  package var gateway: String
  /// By name: addresses that no workload gets.
  package var auxiliary: [String: String]

  package init(subnet: String = "", range: String = "", gateway: String = "", auxiliary: [String: String] = [:]) {
    self.subnet = subnet
    self.range = range
    self.gateway = gateway
    self.auxiliary = auxiliary
  }
}

/// One subnet of a network, checked: range, gateway and auxiliary addresses are in it.
package struct SubnetConfiguration: Hashable, Sendable {
  /// All host bits 0.
  package var subnet: IPPrefix
  package var range: IPPrefix?
  /// `nil`: the first free address of the range.
  package var gateway: IPAddress?
  package var auxiliary: [String: IPAddress]

  package init(subnet: IPPrefix, range: IPPrefix? = nil, gateway: IPAddress? = nil, auxiliary: [String: IPAddress] = [:]) {
    self.subnet = subnet.network
    self.range = range
    self.gateway = gateway
    self.auxiliary = auxiliary
  }
}

/// Reads a request and says everything that is wrong with it at once, in Docker's words.
struct SubnetReader {
  private(set) var problems: [String] = []

  /// `nil` when there are problems, or when no subnet is named.
  mutating func read(_ request: SubnetRequest) -> SubnetConfiguration? {
    guard !request.subnet.isEmpty else {
      if !request.range.isEmpty || !request.gateway.isEmpty { problems.append("every ip-range or gateway must have a corresponding subnet") }
      return nil
    }
    guard let subnet = prefix(request.subnet, "subnet") else { return nil }
    if subnet != subnet.network { problems.append("invalid subnet \(subnet): it should be \(subnet.network)") }
    var result = SubnetConfiguration(subnet: subnet)
    if !request.range.isEmpty { result.range = range(request.range, in: subnet) }
    if !request.gateway.isEmpty { result.gateway = address(request.gateway, in: subnet, "gateway \(request.gateway)") }
    for (name, text) in request.auxiliary.sorted(by: { $0.key < $1.key }) {
      result.auxiliary[name] = address(text, in: subnet, "auxiliary address \(name)")
    }
    return result
  }

  private mutating func prefix(_ text: String, _ what: String) -> IPPrefix? {
    let prefix = IPPrefix(text)
    if prefix == nil { problems.append("invalid \(what) \(text): invalid CIDR block notation") }
    return prefix
  }

  private mutating func range(_ text: String, in subnet: IPPrefix) -> IPPrefix? {
    guard let range = prefix(text, "ip-range") else { return nil }
    guard range.family == subnet.family else {
      problems.append("invalid ip-range \(range): parent subnet is an IPv\(subnet.family.rawValue) block")
      return nil
    }
    if range.length < subnet.length { problems.append("invalid ip-range \(range): CIDR block is bigger than its parent subnet \(subnet)") }
    if range != range.network { problems.append("invalid ip-range \(range): it should be \(range.network)") }
    if !subnet.overlaps(range) { problems.append("invalid ip-range \(range): parent subnet \(subnet) doesn't contain ip-range") }
    return range
  }

  private mutating func address(_ text: String, in subnet: IPPrefix, _ what: String) -> IPAddress? {
    guard let address = IPAddress(text) else {
      problems.append("invalid \(what): invalid address")
      return nil
    }
    if address.family != subnet.family {
      problems.append("invalid \(what): parent subnet is an IPv\(subnet.family.rawValue) block")
    } else if !subnet.contains(address) {
      problems.append("invalid \(what): parent subnet \(subnet) doesn't contain this address")
    }
    return address
  }
}

/// Several problems as Docker lists them: one alone as it is, more with a star each.
func joined(_ problems: [String]) -> String {
  problems.count == 1 ? problems[0] : problems.map { "* \($0)" }.joined(separator: "\n")
}
