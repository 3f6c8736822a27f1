// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors

extension Zone {
  /// An interface in a network under the names that it has there.
  package struct Endpoint: Sendable, Equatable {
    package var addresses: [IPAddress]
    /// The container's own name first.
    package var names: [String]

    package init(addresses: [IPAddress], names: [String]) {
      self.addresses = addresses
      self.names = names
    }
  }

  /// The text of a zone. Endpoints without addresses or names are left out: nobody could ask for them. Throws `invalidArgument` for names that
  /// would not come out again: empty ones, and such with white space, control characters or backslashes.
  package static func encode(network: String, _ endpoints: [Endpoint]) throws(HullError) -> [UInt8] {
    guard !network.isEmpty, !network.utf8.contains(where: { $0 < 0x20 }) else {
      throw HullError(.invalidArgument, "network name \(network) is not usable in a zone: it is empty or has control characters")
    }
    var text = Array((headerStart + network + "\n").utf8)
    for endpoint in endpoints where !endpoint.addresses.isEmpty && !endpoint.names.isEmpty {
      for name in endpoint.names where name.isEmpty || name.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") }) {
        throw HullError(
          .invalidArgument,
          "name \(name) in network \(network) is not usable in a zone: it is empty or has white space, control characters or backslashes")
      }
      text += (endpoint.addresses.map(\.description).joined(separator: ",") + " " + endpoint.names.joined(separator: " ") + "\n").utf8
    }
    guard text.count <= sizeLimit else { throw HullError(.tooLarge, "the names of network \(network) need more than \(sizeLimit) bytes") }
    return text
  }
}
