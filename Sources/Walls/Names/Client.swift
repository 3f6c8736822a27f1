// SPDX-License-Identifier: Apache-2.0
import DNS

/// Who asked and how to answer.
enum Client {
  case datagram(PeerAddress)
  case stream(StreamClient)

  var stream: StreamClient? {
    guard case .stream(let client) = self else { return nil }
    return client
  }

  /// The longest answer that the client takes, in bytes.
  func limit(_ query: DNSQuery) -> Int { stream == nil ? query.datagramLimit : DNSLimit.message }
}
