// SPDX-License-Identifier: Apache-2.0
import Addressing

/// Addresses that are in use already, and by whom.
package struct TakenPrefix: Hashable, Sendable, CustomStringConvertible {
  package enum Holder: Hashable, Sendable {
    /// A network of this engine, by name.
    case network(String)
    /// A route or an address of the host on this interface.
    case interface(String)
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
    case .interface(let name): "\(prefix.network) is reached via interface \(name) of the host"
    case .nameServer: "\(prefix.address) is a name server of the host"
    }
  }

  var isNetwork: Bool {
    if case .network = holder { true } else { false }
  }
}
