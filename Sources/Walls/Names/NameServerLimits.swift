// SPDX-License-Identifier: Apache-2.0

/// What a name server takes upon itself. A workload that asks for more loses its own oldest questions: nobody else's.
package struct NameServerLimits: Sendable {
  /// Where upstream servers listen.
  package var upstreamPort: UInt16 = 53
  /// So many upstream servers are asked, the first ones: as in Docker and in resolv.conf(5).
  package var upstreams = 3
  /// How long one upstream server may take, in milliseconds, over UDP and once more over TCP.
  package var upstreamPatience: Int64 = 2000
  /// How long a TCP connection may be without a question, in milliseconds.
  package var idlePatience: Int64 = 10_000
  /// Questions that are with an upstream server.
  package var lookups = 100
  /// Of those, truncated answers that are fetched again over TCP.
  package var repeats = 16
  /// TCP connections of clients.
  package var connections = 16

  package init() {}
}
