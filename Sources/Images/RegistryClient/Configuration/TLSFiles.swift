// SPDX-License-Identifier: Apache-2.0

/// The files that decide whom a host must be and who this machine is to it, all PEM.
package struct TLSFiles: Sendable, Hashable {
  /// Certificate authorities that vouch for the host, besides the system's.
  package var authorities: [String]
  /// The client's certificate chain, and its key.
  package var certificate: String?
  package var key: String?

  package init(authorities: [String] = [], certificate: String? = nil, key: String? = nil) {
    self.authorities = authorities
    self.certificate = certificate
    self.key = key
  }

  package var isEmpty: Bool { authorities.isEmpty && certificate == nil && key == nil }
}
