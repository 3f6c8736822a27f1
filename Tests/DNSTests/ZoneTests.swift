// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import Testing

@testable import DNS

struct ZoneTests {
  private let web1 = Zone.Endpoint(addresses: [IPAddress("172.18.0.2")!, IPAddress("fd00::2")!], names: ["shop-web-1", "web", "0123456789ab"])
  private let web2 = Zone.Endpoint(addresses: [IPAddress("172.18.0.3")!], names: ["shop-web-2", "web"])

  private func zone(_ endpoints: [Zone.Endpoint], network: String = "front") throws -> Zone {
    try #require(Zone(try Zone.encode(network: network, endpoints)))
  }

  private func addresses(_ zone: Zone, _ name: String, _ type: DNSType = .a) -> [String]? {
    Array(name.utf8).withUnsafeBytes { zone.addresses(of: $0, type: type) }?.map(\.description)
  }

  private func relative(_ zone: Zone, _ name: String) -> String? {
    Array(name.utf8).withUnsafeBytes { zone.relative($0).map { String(decoding: $0, as: UTF8.self) } }
  }

  @Test func theTextIsOneLineAnEndpoint() throws {
    let text = String(decoding: try Zone.encode(network: "front", [web1, web2]), as: UTF8.self)
    #expect(text == "hull-zone 1 front\n172.18.0.2,fd00::2 shop-web-1 web 0123456789ab\n172.18.0.3 shop-web-2 web\n")
  }

  @Test func aNameHasTheAddressesOfAllWhoShareIt() throws {
    let zone = try zone([web1, web2])
    #expect(addresses(zone, "web") == ["172.18.0.2", "172.18.0.3"])
    #expect(addresses(zone, "web", .aaaa) == ["fd00::2"])
    #expect(addresses(zone, "web", .any) == ["172.18.0.2", "fd00::2", "172.18.0.3"])
    #expect(addresses(zone, "shop-web-2") == ["172.18.0.3"])
  }

  @Test func aNameWithoutAnAddressOfTheTypeExistsAllTheSame() throws {
    let zone = try zone([web1, web2])
    #expect(addresses(zone, "shop-web-2", .aaaa) == [])
    #expect(addresses(zone, "web", .mx) == [])
    #expect(addresses(zone, "db", .mx) == nil)
  }

  @Test func caseDoesNotMatterAndPartsOfNamesAreNone() throws {
    let zone = try zone([web1, web2])
    #expect(addresses(zone, "Shop-WEB-2") == ["172.18.0.3"])
    for name in ["we", "webb", "shop", "web shop", "", " ", "172.18.0.2", "hull-zone", "front", "web\n172.18.0.3"] {
      #expect(addresses(zone, name) == nil, "\(name)")
    }
  }

  @Test func theNetworksNameMayFollow() throws {
    let zone = try zone([web1], network: "my.Net work")
    #expect(relative(zone, "web.my.net WORK") == "web")
    #expect(relative(zone, "a.b.my.net work") == "a.b")
    for name in ["web", "web.front", "my.net work", ".my.net work", "webmy.net work", ""] { #expect(relative(zone, name) == nil, "\(name)") }
  }

  @Test func anAddressHasTheContainersNameAndTheNetworks() throws {
    let zone = try zone([web1, web2])
    func name(_ address: String) -> String? { zone.name(of: IPAddress(address)!).map { String(decoding: $0, as: UTF8.self) } }
    #expect(name("172.18.0.3") == "shop-web-2.front")
    #expect(name("fd00:0::2") == "shop-web-1.front")
    #expect(name("172.18.0.33") == nil)
    #expect(name("172.18.0.1") == nil)
  }

  @Test func namesThatWouldNotComeOutAgainAreRefused() {
    for name in ["", "a b", "a\nb", "a\\b", "a\tb"] {
      #expect(throws: HullError.self) { try Zone.encode(network: "front", [Zone.Endpoint(addresses: web1.addresses, names: ["x", name])]) }
    }
    #expect(throws: HullError.self) { try Zone.encode(network: "front\n10.0.0.1 bank", [web1]) }
    #expect(throws: HullError.self) { try Zone.encode(network: "", [web1]) }
  }

  @Test func nobodyCanAskForAnEndpointWithoutAddressOrName() throws {
    let text = try Zone.encode(network: "front", [Zone.Endpoint(addresses: [], names: ["a"]), Zone.Endpoint(addresses: web1.addresses, names: [])])
    #expect(text == Array("hull-zone 1 front\n".utf8))
  }

  @Test func whatIsNoZoneIsNone() {
    for text in ["", "hull-zone 1 ", "hull-zone 1 \n", "hull-zone 2 front\n", "front\n", "hull-zone 1 front"] {
      #expect(Zone(Array(text.utf8)) == nil, "\(text)")
    }
    #expect(Zone([UInt8]("hull-zone 1 front\n".utf8) + [UInt8](repeating: 10, count: Zone.sizeLimit)) == nil)
  }

  @Test func linesOfAnotherFormTellNothing() throws {
    let zone = try #require(Zone(Array("hull-zone 1 n\n\n \n10.0.0.1\nnonsense a\n10.0.0.2,,x,fd00::1 b  c\n 10.0.0.3\n10.0.0.4 d".utf8)))
    #expect(addresses(zone, "a") == [])
    #expect(addresses(zone, "b") == ["10.0.0.2"])
    #expect(addresses(zone, "c", .any) == ["10.0.0.2", "fd00::1"])
    #expect(addresses(zone, "d") == ["10.0.0.4"])
    #expect(addresses(zone, "") == nil)
    #expect(zone.name(of: IPAddress("10.0.0.1")!) == nil)
  }

  @Test func anyBytesAreSearchedWithoutHarm() {
    var random = Seeded(7)
    for _ in 0..<2000 {
      let text =
        Array("hull-zone 1 n\n".utf8)
        + (0..<Int.random(in: 0..<200, using: &random)).map { _ in [10, 32, 44, 46, 48, 49, 97].randomElement(using: &random)! }
      guard let zone = Zone(text) else { continue }
      _ = addresses(zone, "a", .any)
      _ = zone.name(of: IPAddress("1.1.1.1")!)
    }
  }
}

/// The same numbers for the same seed.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
