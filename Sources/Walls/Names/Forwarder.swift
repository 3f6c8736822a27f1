// SPDX-License-Identifier: Apache-2.0
import Addressing
import DNS
import ShimLoop

/// The questions that are with upstream servers.
final class Forwarder {
  private let loop: EventLoop
  private let limits: NameServerLimits
  /// The oldest first.
  private var lookups: [Lookup] = []
  /// What is to be done with an answer.
  var answered: (Client, [UInt8]) -> Void = { _, _ in }

  init(loop: EventLoop, limits: NameServerLimits) {
    self.loop = loop
    self.limits = limits
  }

  /// Asks the servers in order until one answers; without an answer, and at once without servers, the client is told of a failure.
  func forward(_ query: DNSQuery, _ message: UnsafeRawBufferPointer, to upstreams: [IPAddress], for client: Client) {
    let lookup = Lookup(query, message, upstreams, client, limits: limits, forwarder: self, loop: loop)
    lookups.append(lookup)
    lookup.askNext()
    while lookups.count > limits.lookups { finish(lookups[0], nil) }
  }

  var count: Int { lookups.count }

  /// Whether one more truncated answer may be fetched over TCP.
  var mayRepeat: Bool { lookups.count { $0.isRepeating } < limits.repeats }

  func finish(_ lookup: Lookup, _ answer: [UInt8]?) {
    lookup.close()
    lookups.removeAll { $0 === lookup }
    answered(lookup.client, answer ?? DNSAnswer.empty(lookup.query, .serverFailure))
  }

  /// The client is gone.
  func forget(_ stream: StreamClient) {
    for lookup in lookups where lookup.client.stream === stream { lookup.close() }
    lookups.removeAll { $0.client.stream === stream }
  }

  func close() {
    for lookup in lookups { lookup.close() }
    lookups = []
  }
}
