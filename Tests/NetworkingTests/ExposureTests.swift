// SPDX-License-Identifier: Apache-2.0
import Addressing
import NamespaceSupport
import Testing

@testable import Networking

@Suite struct ExposureTests {
  private let addresses = [TakenPrefix(prefix("192.0.2.1/24"), .interface("eth0"))]
  private let filtered = HostFirewall(input: ["inet own input"], forward: ["ip filter FORWARD"])

  private func exposure(_ host: String, target: String = "172.17.0.2", local: Bool = false) -> Exposure {
    Exposure(of: published(host, 80, target, 80), addresses: addresses, host: filtered, localDelivery: local)
  }

  @Test func aPortIsExposedAsFarAsItsAddressReaches() {
    #expect(exposure("127.0.0.1").reach == .hostOnly)
    #expect(exposure("::1").reach == .hostOnly)
    #expect(exposure("0.0.0.0").reach == .everyone)
    #expect(exposure("192.0.2.1").reach == .address(address("192.0.2.1"), interface: "eth0"))
    #expect(exposure("192.0.2.9").reach == .address(address("192.0.2.9"), interface: nil))
  }

  @Test func thePathDecidesWhichFiltersAPacketPasses() {
    #expect(exposure("127.0.0.1").filters == [])
    #expect(exposure("0.0.0.0").filters == ["ip filter FORWARD"])
    #expect(exposure("0.0.0.0", local: true).filters == ["inet own input"])
    #expect(exposure("::").filters == ["inet own input"])
  }
}
