// SPDX-License-Identifier: Apache-2.0
import Addressing
import DNS
import DockerAPI
import EngineStore
import Errors
import Networking
import Synchronization

/// One network: what it was made from, who is in it, and which addresses are given out.
final class Network: Sendable {
  let record: NetworkRecord
  let options: NetworkOptions
  /// `nil`: containers have no address here (host, none).
  let addresses: AddressSpace?
  let subnets: [SubnetConfiguration]
  private let members = Mutex<[String: NetworkMember]?>([:])

  init(_ record: NetworkRecord) throws(HullError) {
    self.record = record
    options = NetworkOptions(record.definition, id: record.id)
    var subnets: [SubnetConfiguration] = []
    for subnet in record.definition.subnets { subnets.append(try SubnetConfiguration(subnet)) }
    self.subnets = subnets
    let hasAddresses = ["bridge", "macvlan", "ipvlan"].contains(record.definition.driver) && !record.definition.configOnly
    addresses = hasAddresses ? try AddressSpace(subnets, name: record.name, id: record.id, hasGateway: true) : nil
  }

  var id: String { record.id }
  var name: String { record.name }
  var definition: NetworkDefinition { record.definition }
  var isBridge: Bool { definition.driver == "bridge" && !definition.configOnly }
  var isPredefined: Bool { PredefinedNetworks.exists(name) }
  /// Whether containers find each other by name in it.
  var hasNames: Bool { addresses != nil && !isPredefined }

  /// The address by which containers leave, as the driver gives it; `nil` on an internal network.
  func gateway(_ family: IPAddress.Family) -> IPAddress? {
    guard !definition.isInternal, options.mode(family) != .isolated else { return nil }
    return addresses?.gateways.first { $0.family == family }?.address
  }

  // MARK: Members

  /// Throws `notFound` when the network is being removed.
  func join(_ member: NetworkMember) throws(HullError) {
    let open = members.withLock { members -> Bool in
      guard members != nil else { return false }
      members?[member.containerID] = member
      return true
    }
    guard open else { throw HullError(.notFound, "network \(name) not found") }
  }

  /// Whether it was in.
  @discardableResult
  func leave(_ containerID: String) -> Bool { members.withLock { $0?.removeValue(forKey: containerID) != nil } }

  func member(_ containerID: String) -> NetworkMember? { members.withLock { $0?[containerID] } }

  /// In the order in which they have come.
  var all: [NetworkMember] { members.withLock { Array(($0 ?? [:]).values) }.sorted { $0.order < $1.order } }

  /// Nobody joins any more. Throws `forbidden` in Docker's words when somebody is in.
  func close() throws(HullError) {
    let inside = members.withLock { members -> [NetworkMember] in
      let inside = Array((members ?? [:]).values)
      if inside.isEmpty { members = nil }
      return inside
    }
    guard inside.isEmpty else {
      let names = inside.sorted { $0.order < $1.order }.prefix(5).map { "name:\"\($0.name)\" id:\"\($0.endpoint.id.prefix(12))\"" }
      throw HullError(
        .forbidden,
        "error while removing network: network \(name) has active endpoints (\(names.joined(separator: ", "))): "
          + "disconnect them or stop their containers first")
    }
  }

  /// After a removal that failed.
  func reopen() { members.withLock { if $0 == nil { $0 = [:] } } }

  /// Everybody's addresses and names, for the name servers.
  var zone: [Zone.Endpoint] { all.map { Zone.Endpoint(addresses: $0.endpoint.addresses.map(\.address), names: $0.names) } }
}

/// A running container in a network.
struct NetworkMember: Sendable {
  let containerID: String
  /// The container's.
  var name: String
  let endpoint: EndpointRecord
  /// The container's name first.
  var names: [String]
  /// When it came.
  let order: Int64
}

extension EndpointRecord {
  /// The container's, with their subnets' prefix lengths.
  var addresses: [IPPrefix] { [ipv4, ipv6].compactMap { $0.flatMap { IPPrefix($0) } } }
  func address(_ family: IPAddress.Family) -> IPAddress? { addresses.first { $0.family == family }?.address }
}

extension SubnetConfiguration {
  init(_ subnet: NetworkDefinition.Subnet) throws(HullError) {
    guard let prefix = IPPrefix(subnet.subnet) else { throw HullError(.internalError, "subnet \(subnet.subnet) in the database is not readable") }
    self.init(
      subnet: prefix, range: subnet.range.flatMap { IPPrefix($0) }, gateway: subnet.gateway.flatMap { IPAddress($0) },
      auxiliary: (subnet.auxiliary ?? [:]).compactMapValues { IPAddress($0) })
  }

  var record: NetworkDefinition.Subnet {
    NetworkDefinition.Subnet(
      subnet: subnet.description, range: range?.description, gateway: gateway?.description,
      auxiliary: auxiliary.isEmpty ? nil : auxiliary.mapValues(\.description))
  }
}
