// SPDX-License-Identifier: Apache-2.0
import Addressing

/// Addresses that are in use already, and by whom.
package struct TakenPrefix: Hashable, Sendable, CustomStringConvertible {
  package enum Holder: Hashable, Sendable {
    /// A network of this engine, by name.
    case network(String)
    /// The host itself has an address there, on this interface.
    case interface(String)
    /// The host has a route there, via this interface. A network may hide it when nothing else is left: such a route often covers far more
    /// than there is behind it.
    case route(String)
    /// A name server of the host.
    case nameServer
  }

  package let prefix: IPPrefix
  package let holder: Holder

  package init(_ prefix: IPPrefix, _ holder: Holder) {
    self.prefix = prefix
    self.holder = holder
  }

  /// `172.20.0.0/16 is held by network web`
  package var description: String {
    switch holder {
    case .network(let name): "\(prefix.network) is held by network \(name)"
    case .interface(let name): "\(prefix.network) is the network of the host's interface \(name)"
    case .route(let name): "\(prefix.network) is reached via the host's interface \(name)"
    case .nameServer: "\(prefix.address) is a name server of the host"
    }
  }

  var isNetwork: Bool {
    if case .network = holder { true } else { false }
  }

  var isRoute: Bool {
    if case .route = holder { true } else { false }
  }
}
