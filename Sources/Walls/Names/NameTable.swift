// SPDX-License-Identifier: Apache-2.0
import Addressing
import DNS
import Launch
import ShimProtocol

/// What a workload's networks and links know: answers from the zones, as Docker's embedded server gives them. (One difference: of a name that is
/// known here, nobody elsewhere is asked for other records; that there is none would deny the name.)
struct NameTable {
  private var zones: [ZoneCache] = []
  private var aliases: [Setting] = []
  /// Whose turn it is to be first among several addresses.
  private var turn = 0

  /// Takes what the plan says; zones that stay are not read again.
  mutating func use(_ plan: ResolverPlan) {
    let known = zones
    zones = plan.zones.map { path in known.first { $0.path == path } ?? ZoneCache(path) }
    aliases = plan.aliases
  }

  /// Gives the zones' memory back.
  mutating func forget() {
    for index in zones.indices { zones[index].forget() }
  }

  /// The answer, at most `limit` bytes; `nil` when no network knows the name: then others may.
  mutating func answer(_ query: DNSQuery, limit: Int) -> [UInt8]? {
    guard query.isInternet, !zones.isEmpty else { return nil }
    if let answer = addressAnswer(query, limit) { return answer }
    return query.type == .ptr || query.type == .any ? pointerAnswer(query, limit) : nil
  }

  private mutating func addressAnswer(_ query: DNSQuery, _ limit: Int) -> [UInt8]? {
    guard let addresses = query.name.withUnsafeBytes({ find($0, query.type) }) else { return nil }
    var answer = DNSAnswer(to: query, limit: limit)
    turn &+= 1
    for index in addresses.indices { answer.append(addresses[(index + turn & 0xFFFF) % addresses.count]) }
    return answer.message()
  }

  private mutating func pointerAnswer(_ query: DNSQuery, _ limit: Int) -> [UInt8]? {
    guard let address = query.reverseAddress else { return nil }
    for index in zones.indices {
      guard let name = zones[index].current()?.name(of: address) else { continue }
      var answer = DNSAnswer(to: query, limit: limit)
      if answer.append(pointerTo: name) { return answer.message() }
    }
    return nil
  }

  /// The whole name in each network, then `NAME.NETWORK`. The first network that has an address decides; without any the name exists if one network
  /// has it.
  private mutating func find(_ name: UnsafeRawBufferPointer, _ type: DNSType) -> [IPAddress]? {
    let current = zones.indices.compactMap { zones[$0].current() }
    var found: [IPAddress]?
    for isWhole in [true, false] {
      for zone in current {
        guard let relative = isWhole ? name : zone.relative(name), let addresses = find(relative, type, in: zone) else { continue }
        if !addresses.isEmpty { return addresses }
        found = []
      }
      if found != nil { return found }
    }
    return nil
  }

  /// A link's alias hides an endpoint of that name.
  private func find(_ name: UnsafeRawBufferPointer, _ type: DNSType, in zone: Zone) -> [IPAddress]? {
    for alias in aliases where isEqual(alias.name, name) {
      var target = alias.value
      return target.withUTF8 { zone.addresses(of: UnsafeRawBufferPointer($0), type: type) }
    }
    return zone.addresses(of: name, type: type)
  }

  private func isEqual(_ text: String, _ name: UnsafeRawBufferPointer) -> Bool {
    var text = text
    return text.withUTF8 { DomainName.equal(UnsafeRawBufferPointer($0), name) }
  }
}
