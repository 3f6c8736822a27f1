// SPDX-License-Identifier: Apache-2.0
import Addressing
import EngineStore
import Errors
import Networking
import Synchronization

/// All networks of an engine, by ID and name.
final class NetworkRegistry: Sendable {
  /// Held while networks are made or removed, one after the other.
  let lock = AsyncLock()
  private let networks = Mutex<[String: Network]>([:])

  /// Oldest first.
  var all: [Network] { networks.withLock { Array($0.values) }.sorted { ($0.record.created, $0.id) < ($1.record.created, $1.id) } }

  func add(_ network: Network) { networks.withLock { $0[network.id] = network } }
  func remove(_ network: Network) { networks.withLock { $0[network.id] = nil } }

  func named(_ name: String) -> Network? { networks.withLock { networks in networks.values.first { $0.name == name } } }
  func network(id: String) -> Network? { networks.withLock { $0[id] } }

  /// By whole ID, name, or unambiguous ID prefix. Throws in Docker's words.
  func find(_ reference: String) throws(HullError) -> Network {
    guard !reference.isEmpty else { throw HullError(.invalidArgument, "invalid network name or ID: it is empty") }
    let name = reference == "default" ? "bridge" : reference
    let matches: [Network] = networks.withLock { networks in
      if let network = networks[name] { return [network] }
      if let network = networks.values.first(where: { $0.name == name }) { return [network] }
      return networks.values.filter { $0.id.hasPrefix(name) }
    }
    guard matches.count < 2 else {
      throw HullError(.invalidArgument, "network \(reference) is ambiguous (\(matches.count) matches found based on ID prefix)")
    }
    guard let network = matches.first else { throw HullError(.notFound, "network \(reference) not found") }
    return network
  }

  /// The subnets that networks hold.
  var taken: [TakenPrefix] {
    all.filter { $0.addresses != nil }.flatMap { network in network.subnets.map { TakenPrefix($0.subnet, .network(network.name)) } }
  }
}
