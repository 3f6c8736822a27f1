// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import NamespaceSupport
import Testing

@testable import Networking

@Suite struct AddressSpaceTests {
  private func space(
    _ subnet: String, range: String? = nil, gateway: String? = nil, auxiliary: [String: String] = [:], order: AddressSpace.Order = .lowest
  ) throws -> AddressSpace {
    let configuration = SubnetConfiguration(
      subnet: prefix(subnet), range: range.map(prefix), gateway: gateway.map(address), auxiliary: auxiliary.mapValues(address))
    return try AddressSpace([configuration], name: "web", id: "5f0c", order: order)
  }

  @Test func theGatewayIsFirstAndWorkloadsFollow() throws {
    let space = try space("172.17.0.0/16")
    #expect(space.gateways == [prefix("172.17.0.1/16")])
    #expect(try space.allocate(.v4) == prefix("172.17.0.2/16"))
    #expect(try space.allocate(.v4) == prefix("172.17.0.3/16"))
    #expect(try space_v6().allocate(.v6) == prefix("fd00::2/64"))
  }

  private func space_v6() throws -> AddressSpace { try space("fd00::/64") }

  @Test func aReleasedAddressIsGivenOutAgainOrRests() throws {
    for (order, expected) in [(AddressSpace.Order.lowest, "10.0.0.2/24"), (.next, "10.0.0.4/24")] {
      let space = try space("10.0.0.0/24", order: order)
      _ = try (space.allocate(.v4), space.allocate(.v4))
      space.release(address("10.0.0.2"))
      #expect(try space.allocate(.v4) == prefix(expected))
    }
  }

  @Test func addressesComeFromTheRangeAndSkipWhatIsKept() throws {
    let space = try space("10.0.0.0/24", range: "10.0.0.128/30", gateway: "10.0.0.1", auxiliary: ["printer": "10.0.0.129"])
    #expect(try (0..<3).map { _ in try space.allocate(.v4).address } == ["10.0.0.128", "10.0.0.130", "10.0.0.131"].map(address))
    let error = failure { _ = try space.allocate(.v4) }
    #expect(error?.code == .internalError)
    #expect(error?.message == "no available IPv4 addresses on this network's address pools: web (5f0c)")
    #expect(try space.reserve(address("10.0.0.200")) == prefix("10.0.0.200/24"))
  }

  @Test func anAddressIsReservedOnce() throws {
    let space = try space("10.0.0.0/24")
    _ = try space.reserve(address("10.0.0.9"))
    let error = failure { _ = try space.reserve(address("10.0.0.9")) }
    #expect(error?.code == .forbidden)
    #expect(error?.message == "Address already in use")
    #expect(failure { _ = try space.reserve(address("10.0.0.1")) }?.message == "Address already in use: 10.0.0.1 is the gateway of network web")
    #expect(failure { _ = try space.reserve(address("10.0.0.255")) }?.message.hasSuffix("broadcast address of network web") == true)
    #expect(failure { _ = try space.reserve(address("10.0.1.1")) }?.code == .invalidArgument)
    #expect(failure { try space.requireContains(address("10.0.1.1")) }?.message == "no configured subnet contains IP address 10.0.1.1")
  }

  @Test func whatTheNetworkNeedsIsNeverReleased() throws {
    let space = try space("10.0.0.0/29", auxiliary: ["a": "10.0.0.2"])
    for text in ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.7"] { space.release(address(text)) }
    #expect(try (0..<4).map { _ in try space.allocate(.v4).address } == ["10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"].map(address))
  }

  @Test func aLinkOfTwoHasTwoAddresses() throws {
    let space = try space("10.0.0.0/31")
    #expect(space.gateways == [prefix("10.0.0.0/31")])
    #expect(try space.allocate(.v4) == prefix("10.0.0.1/31"))
    #expect(failure { _ = try space.allocate(.v4) } != nil)
  }

  @Test func theNextSubnetOfTheFamilyHelpsOut() throws {
    let subnets = ["10.0.0.0/30", "fd00::/64", "10.0.9.0/30"].map { SubnetConfiguration(subnet: prefix($0)) }
    let space = try AddressSpace(subnets, name: "web", id: "5f0c")
    #expect(space.gateways.count == 3)
    #expect(try space.allocate(.v4) == prefix("10.0.0.2/30"))
    #expect(try space.allocate(.v4) == prefix("10.0.9.2/30"))
    #expect(try space.allocate(.v6) == prefix("fd00::2/64"))
    #expect(space.usage.map(\.inUse) == [4, 3, 4])
    #expect(space.usage.map(\.available) == [0, (1 << 64) - 3, 0])
  }

  @Test func aGatewayThatIsNotWantedCostsNoAddress() throws {
    let space = try AddressSpace([SubnetConfiguration(subnet: prefix("10.0.0.0/29"))], name: "l2", id: "1", hasGateway: false)
    #expect(space.gateways.isEmpty)
    #expect(try space.allocate(.v4) == prefix("10.0.0.1/29"))
  }

  @Test(arguments: [AddressSpace.Order.lowest, .next]) func noAddressIsEverGivenToTwo(_ order: AddressSpace.Order) throws {
    var random = SeededGenerator(11)
    let space = try space("10.0.0.0/22", range: "10.0.1.0/24", order: order)
    var held: Set<IPAddress> = []
    for _ in 0..<20_000 {
      if Bool.random(using: &random) {
        if let given = try? space.allocate(.v4).address {
          #expect(held.insert(given).inserted && prefix("10.0.1.0/24").contains(given) && !space.gateways.contains { $0.address == given })
        } else {
          #expect(held.count == 255)
        }
      } else if let address = held.randomElement(using: &random) {
        held.remove(address)
        space.release(address)
      }
    }
  }

  @Test func theBitmapFindsTheSameGapsAsASet() {
    var random = SeededGenerator(3)
    let bases: [UInt128] = [0, 1 << 64, .max - 9000]
    for base in bases {
      var bitmap = SparseBitmap()
      var numbers: Set<UInt128> = []
      for step in 0..<6000 {
        let number = base + UInt128.random(in: 0..<9000, using: &random)
        if step % 3 == 0 {
          #expect(bitmap.remove(number) == (numbers.remove(number) != nil))
        } else {
          let from = base + UInt128.random(in: 0..<9000, using: &random)
          let gap = (from...(base + 9000)).first { !numbers.contains($0) }
          #expect(bitmap.firstGap(in: from...(base + 9000)) == gap)
          if let gap { #expect(bitmap.insert(gap) && numbers.insert(gap).inserted) }
        }
      }
    }
  }

  @Test func theLastOfManyAddressesCostsAsMuchAsTheFirst() throws {
    let space = try space("10.0.0.0/8")
    let clock = ContinuousClock()
    // The shortest of ten: other work on the machine only adds to it.
    func time() throws -> Duration {
      try (0..<10).map { _ in try clock.measure { for _ in 0..<1000 { _ = try space.allocate(.v4) } } }.min()!
    }
    let first = try time()
    for _ in 0..<100_000 { _ = try space.allocate(.v4) }
    #expect(try time() < first * 5)
    #expect(try space.reserve(address("10.255.255.254")).address == address("10.255.255.254"))
  }

  @Test func manyThreadsGetDifferentAddresses() async throws {
    let space = try space("10.0.0.0/20")
    let all = try await withThrowingTaskGroup(of: [IPAddress].self) { group in
      for _ in 0..<8 { group.addTask { try (0..<200).map { _ in try space.allocate(.v4).address } } }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(Set(all).count == 1600)
  }
}
