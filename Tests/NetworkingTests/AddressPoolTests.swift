// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import NamespaceSupport
import Testing

@testable import Networking

@Suite struct AddressPoolTests {
  private let pools = AddressPools(AddressPool.defaults)

  private func networks(_ count: Int, taken: [TakenPrefix] = []) throws -> [IPPrefix] {
    var taken = taken
    return try (0..<count).map { index in
      let subnet = try pools.choose(.v4, avoiding: taken)
      taken.append(TakenPrefix(subnet, .network("n\(index)")))
      return subnet
    }
  }

  @Test func theFirst31NetworksAreDockersAndTheNextAreSmall() throws {
    let subnets = try networks(33)
    #expect(subnets[0] == prefix("172.17.0.0/16"))
    #expect(subnets[14] == prefix("172.31.0.0/16"))
    #expect(subnets[15] == prefix("192.168.0.0/20"))
    #expect(subnets[30] == prefix("192.168.240.0/20"))
    #expect(subnets[31] == prefix("10.0.0.0/24"))
    #expect(subnets[32] == prefix("10.0.1.0/24"))
  }

  @Test func manyNetworksShareNoAddress() throws {
    let subnets = try networks(300).sorted { $0.first < $1.first }
    for (left, right) in zip(subnets, subnets.dropFirst()) { #expect(left.last < right.first) }
  }

  @Test func aSubnetAvoidsTheRoutesOfTheHost() throws {
    let routes = ["172.16.0.0/12", "192.168.1.0/24", "192.168.32.7/32", "10.0.0.0/9", "10.128.0.3/32"].map {
      TakenPrefix(prefix($0), .interface("eth0"))
    }
    #expect(try networks(3, taken: routes) == [prefix("192.168.16.0/20"), prefix("192.168.48.0/20"), prefix("192.168.64.0/20")])
  }

  @Test func aRouteIsHiddenOnlyWhenNothingElseIsLeft() throws {
    let small = AddressPools([try AddressPool(base: prefix("10.0.0.0/23"), size: 24)])
    let route = TakenPrefix(prefix("10.0.0.0/24"), .route("vpn0"))
    #expect(try small.choose(.v4, avoiding: [route]) == prefix("10.0.1.0/24"))
    let network = TakenPrefix(prefix("10.0.1.0/24"), .network("a"))
    #expect(try small.choose(.v4, avoiding: [route, network]) == prefix("10.0.0.0/24"))
    #expect(failure { _ = try small.choose(.v4, avoiding: [TakenPrefix(prefix("10.0.0.0/24"), .interface("eth0")), network]) } != nil)
  }

  @Test func aChosenSubnetIsTheFirstThatIsFree() throws {
    var random = SeededGenerator(7)
    let pool = AddressPools([try AddressPool(base: prefix("10.1.0.0/20"), size: 26)])
    let all = (0..<64).map { IPPrefix(prefix("10.1.0.0/20").first.advanced(by: UInt128($0) * 64), 26) }
    for _ in 0..<500 {
      let taken = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        TakenPrefix(
          IPPrefix(prefix("10.1.0.0/20").first.advanced(by: .random(in: 0..<4096, using: &random)), .random(in: 22...32, using: &random)), .nameServer
        )
      }
      let expected = all.first { subnet in !taken.contains { $0.prefix.overlaps(subnet) } }
      #expect((try? pool.choose(.v4, avoiding: taken)) == expected)
    }
  }

  @Test func exhaustedPoolsSayWhatToDo() throws {
    let small = AddressPools([try AddressPool(base: prefix("10.0.0.0/30"), size: 30)])
    let error = failure { _ = try small.choose(.v4, avoiding: [TakenPrefix(prefix("10.0.0.1/32"), .network("a"))]) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.hasPrefix("all predefined address pools have been fully subnetted") == true)
    #expect(failure { _ = try small.choose(.v6, avoiding: []) }?.message.contains("no IPv6 pool") == true)
  }

  @Test func theLastNetworksOfTheAddressSpaceAreReached() throws {
    let top = AddressPools([try AddressPool(base: prefix("255.255.255.0/24"), size: 25), try AddressPool(base: prefix("ffff::/16"), size: 17)])
    #expect(try top.choose(.v4, avoiding: [TakenPrefix(prefix("255.255.255.0/32"), .nameServer)]) == prefix("255.255.255.128/25"))
    #expect(failure { _ = try top.choose(.v4, avoiding: [TakenPrefix(prefix("0.0.0.0/0"), .nameServer)]) } != nil)
    #expect(try top.choose(.v6, avoiding: [TakenPrefix(prefix("ffff::/32"), .nameServer)]) == prefix("ffff:8000::/17"))
    #expect(failure { _ = try top.choose(.v6, avoiding: [TakenPrefix(prefix("::/0"), .nameServer)]) } != nil)
  }

  @Test func uniqueLocalNetworksLieBelowTheGlobalID() throws {
    let pool = AddressPool.uniqueLocal(globalID: 0x12_3456_789A)
    #expect(pool.base == prefix("fd12:3456:789a::/48"))
    let first = try AddressPools([pool]).choose(.v6, avoiding: [])
    #expect(first == prefix("fd12:3456:789a::/64"))
    #expect(try AddressPools([pool]).choose(.v6, avoiding: [TakenPrefix(first, .network("a"))]) == prefix("fd12:3456:789a:1::/64"))
  }

  @Test func aPoolSmallerThanItsNetworksIsRefused() {
    #expect(failure { _ = try AddressPool(base: prefix("10.0.0.0/24"), size: 16) }?.code == .invalidArgument)
  }
}
