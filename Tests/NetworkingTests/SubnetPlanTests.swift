// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import NamespaceSupport
import Testing

@testable import Networking

@Suite struct SubnetPlanTests {
  private let pools = AddressPools(AddressPool.defaults + [.uniqueLocal(globalID: 1)])

  private func problem(_ requests: SubnetRequest..., taken: [TakenPrefix] = []) -> (code: HullError.Code, message: String)? {
    failure { _ = try pools.plan(requests, ipv6: true, avoiding: taken) }
  }

  @Test(arguments: [
    (SubnetRequest(subnet: "10.0.0.1/24"), "invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24"),
    (SubnetRequest(subnet: "10.0.0.0"), "invalid subnet 10.0.0.0: invalid CIDR block notation"),
    (
      SubnetRequest(subnet: "10.0.0.0/24", range: "10.0.0.0/16"),
      "invalid ip-range 10.0.0.0/16: CIDR block is bigger than its parent subnet 10.0.0.0/24"
    ),
    (SubnetRequest(subnet: "10.0.0.0/24", range: "10.0.1.0/25"), "invalid ip-range 10.0.1.0/25: parent subnet 10.0.0.0/24 doesn't contain ip-range"),
    (SubnetRequest(subnet: "10.0.0.0/24", range: "10.0.0.1/25"), "invalid ip-range 10.0.0.1/25: it should be 10.0.0.0/25"),
    (SubnetRequest(subnet: "10.0.0.0/24", range: "fd00::/96"), "invalid ip-range fd00::/96: parent subnet is an IPv4 block"),
    (SubnetRequest(subnet: "10.0.0.0/24", gateway: "10.0.1.1"), "invalid gateway 10.0.1.1: parent subnet 10.0.0.0/24 doesn't contain this address"),
    (SubnetRequest(subnet: "10.0.0.0/24", gateway: "fd00::1"), "invalid gateway fd00::1: parent subnet is an IPv4 block"),
    (SubnetRequest(subnet: "10.0.0.0/24", gateway: "x"), "invalid gateway x: invalid address"),
    (
      SubnetRequest(subnet: "10.0.0.0/24", auxiliary: ["router": "10.1.0.1"]),
      "invalid auxiliary address router: parent subnet 10.0.0.0/24 doesn't contain this address"
    ),
    (SubnetRequest(gateway: "10.0.0.1"), "every ip-range or gateway must have a corresponding subnet"),
  ]) func aWrongSubnetIsNamed(_ request: SubnetRequest, _ words: String) {
    let error = problem(request)
    #expect(error?.code == .invalidArgument)
    #expect(error?.message == "invalid network config:\n\(words)")
  }

  @Test func everyProblemIsSaidAtOnce() {
    let error = problem(SubnetRequest(subnet: "10.0.0.1/24", gateway: "10.0.1.1"))
    #expect(
      error?.message
        == "invalid network config:\n* invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24\n* invalid gateway 10.0.1.1: parent subnet 10.0.0.1/24 doesn't contain this address"
    )
  }

  @Test func anOverlapNamesTheNetworkInTheWay() {
    let error = problem(SubnetRequest(subnet: "172.20.5.0/24"), taken: [TakenPrefix(prefix("172.20.0.0/16"), .network("web"))])
    #expect(error?.code == .forbidden)
    #expect(
      error?.message
        == "invalid pool request: Pool overlaps with other one on this address space: 172.20.5.0/24, and 172.20.0.0/16 is held by network web")
    #expect(problem(SubnetRequest(subnet: "10.0.0.0/24"), SubnetRequest(subnet: "10.0.0.0/25"))?.code == .forbidden)
  }

  @Test func aNamedSubnetMayBeRoutedByTheHostAlready() throws {
    let taken = [TakenPrefix(prefix("10.0.0.0/8"), .interface("eth0"))]
    #expect(try pools.plan([SubnetRequest(subnet: "10.0.0.0/24")], avoiding: taken).map(\.subnet) == [prefix("10.0.0.0/24")])
    let error = failure { try AddressPools.requireFree(prefix("10.0.0.0/24"), taken) }
    #expect(error?.message.hasSuffix("10.0.0.0/8 is the network of the host's interface eth0") == true)
  }

  @Test func everyFamilyThatIsOnHasASubnet() throws {
    #expect(try pools.plan([], avoiding: []).map(\.subnet) == [prefix("172.17.0.0/16")])
    #expect(try pools.plan([], ipv6: true, avoiding: []).map(\.subnet) == [prefix("172.17.0.0/16"), prefix("fd00:0:1::/64")])
    #expect(try pools.plan([], ipv4: false, ipv6: true, avoiding: []).map(\.subnet) == [prefix("fd00:0:1::/64")])
    #expect(try pools.plan([SubnetRequest(subnet: "fd77::/64")], ipv6: false, avoiding: []).map(\.subnet) == [prefix("172.17.0.0/16")])
  }

  @Test func anUnspecifiedSubnetAsksForASize() throws {
    let plan = try pools.plan([SubnetRequest(subnet: "0.0.0.0/24"), SubnetRequest(subnet: "0.0.0.0/24")], avoiding: [])
    #expect(plan.map(\.subnet) == [prefix("172.17.0.0/24"), prefix("172.17.1.0/24")])
  }
}
