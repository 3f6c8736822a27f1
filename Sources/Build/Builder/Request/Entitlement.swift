// SPDX-License-Identifier: Apache-2.0
import Errors

/// What a build may do only when both its client asks for it (`--allow`) and the daemon lets it (BuildKit's entitlements).
package enum Entitlement: String, Sendable, Hashable, CaseIterable {
  /// Commands in the host's network.
  case hostNetwork = "network.host"
  /// Commands with all capabilities of the daemon, its devices, and no filter of system calls.
  case insecure = "security.insecure"
  /// Devices by their CDI names, of which there are none.
  case device

  /// What builds get that a daemon says nothing of: what Docker's lets them have.
  package static let usual: Set<Entitlement> = [.hostNetwork, .device]

  /// Reads what a client asks for. Throws `invalidArgument` for a name that is none.
  package static func set(_ names: some Sequence<String>) throws(HullError) -> Set<Entitlement> {
    var found: Set<Entitlement> = []
    for name in names {
      let key = name.prefix { $0 != "=" }
      guard let known = Entitlement(rawValue: String(key)), known == .device || key == name else {
        let all = Entitlement.allCases.map(\.rawValue).joined(separator: ", ")
        throw HullError(.invalidArgument, "unknown entitlement \(name): use \(all)")
      }
      found.insert(known)
    }
    return found
  }

  /// Throws `forbidden` for what a client asks for and the daemon does not let builds have.
  static func check(_ asked: Set<Entitlement>, allowed: Set<Entitlement>) throws(HullError) {
    guard let refused = asked.subtracting(allowed).min(by: { $0.rawValue < $1.rawValue }) else { return }
    throw HullError(
      .forbidden,
      "granting entitlement \(refused.rawValue) is not allowed by build daemon configuration: start hulld with --build-entitlement \(refused.rawValue)"
    )
  }
}

extension BuildRequest {
  /// Throws `forbidden` for an entitlement that the client has not asked for.
  func demand(_ entitlement: Entitlement) throws(HullError) {
    guard !entitlements.contains(entitlement) else { return }
    throw HullError(.forbidden, "\(entitlement.rawValue) is not allowed: build with --allow \(entitlement.rawValue)")
  }
}
