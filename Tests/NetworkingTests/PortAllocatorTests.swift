// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import NamespaceSupport
import Testing

@testable import Networking

@Suite struct PortAllocatorTests {
  private let ports = PortAllocator(dynamic: 40000...40009, reserved: [40003])
  private let everywhere = [address("0.0.0.0"), address("::")]

  @discardableResult
  private func allocate(
    _ range: ClosedRange<UInt16>? = nil, at addresses: [IPAddress]? = nil, _ transport: Transport = .tcp, holder: String = "web",
    unusable: Set<UInt16> = []
  ) throws -> UInt16 {
    var request = PortRequest(transport, addresses ?? everywhere, range, holder: holder)
    request.unusable = unusable
    return try ports.allocate(request)
  }

  @Test func aPortHasOneHolder() throws {
    #expect(try allocate(8080...8080) == 8080)
    let error = failure { _ = try allocate(8080...8080, holder: "other") }
    #expect(error?.code == .internalError)
    #expect(error?.message == "Bind for 0.0.0.0:8080 failed: port is already allocated (by container web)")
    #expect(try allocate(8080...8080, .udp) == 8080)
    ports.release(8080, .tcp, everywhere)
    #expect(try allocate(8080...8080) == 8080)
    #expect(ports.holder(of: 8080, .tcp, address("10.0.0.1")) == "web")
    #expect(ports.holder(of: 8080, .sctp, address("10.0.0.1")) == nil)
  }

  @Test func everyAddressIncludesEachAddressOfItsFamily() throws {
    try allocate(80...80, at: [address("127.0.0.1")])
    #expect(try allocate(80...80, at: [address("10.0.0.1")]) == 80)
    #expect(try allocate(80...80, at: [address("::")]) == 80)
    #expect(failure { try allocate(80...80, at: [address("0.0.0.0")]) }?.message.hasPrefix("Bind for 127.0.0.1:80 failed") == true)
    #expect(failure { try allocate(80...80, at: [address("fd00::1")]) }?.message.hasPrefix("Bind for [::]:80 failed") == true)
    // A request is granted whole or not at all.
    ports.release(80, .tcp, [address("::")])
    #expect(failure { try allocate(80...80, at: [address("fd00::1"), address("10.0.0.1")]) } != nil)
    #expect(ports.holder(of: 80, .tcp, address("fd00::1")) == nil)
  }

  @Test func aRangeGivesItsFirstFreePort() throws {
    try allocate(8001...8001)
    #expect(try [allocate(8000...8002), allocate(8000...8002)] == [8000, 8002])
    #expect(failure { try allocate(8000...8002) }?.message == "all ports are allocated: 8000-8002")
    ports.release(8000, .tcp, everywhere)
    #expect(try allocate(8000...8002) == 8000)
  }

  @Test func anUnnamedPortIsTheNextOneAndNeverAReservedOne() throws {
    #expect(try (0..<4).map { _ in try allocate() } == [40000, 40001, 40002, 40004])
    ports.release(40000, .tcp, everywhere)
    #expect(try (0..<5).map { _ in try allocate() } == [40005, 40006, 40007, 40008, 40009])
    #expect(try allocate() == 40000)
    #expect(failure { try allocate() }?.message == "all ports are allocated: 40000-40009")
    #expect(try allocate(40003...40003) == 40003)
  }

  @Test func aPortThatCannotBeBoundIsPassedOver() throws {
    #expect(try allocate() == 40000)
    ports.release(40000, .tcp, everywhere)
    #expect(try allocate(unusable: [40000, 40001]) == 40002)
    #expect(try allocate(9000...9001, unusable: [9000]) == 9001)
    #expect(
      failure { try allocate(9000...9000, unusable: [9000]) }?.message == "failed to bind host port for 0.0.0.0:9000/tcp: address already in use")
  }

  @Test func theKernelsRangesAreRead() {
    #expect(DynamicPorts.parseRange("32768\t60999") == 32768...60999)
    #expect(DynamicPorts.parseRange("60999 32768") == nil)
    #expect(DynamicPorts.parseList("8080,9000-9002") == [8080, 9000, 9001, 9002])
    #expect(DynamicPorts.parseList("") == [])
    #expect(DynamicPorts.range().lowerBound > 0)
  }
}
