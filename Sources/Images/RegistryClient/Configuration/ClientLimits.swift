// SPDX-License-Identifier: Apache-2.0

/// How long the client waits, how often it tries again, and how much it does at a time.
package struct ClientLimits: Sendable, Hashable {
  /// Until a connection stands, TLS included.
  package var connectTimeout: Duration = .seconds(15)
  /// Until an answer begins, where nothing is transferred meanwhile. Longer than a stall: a registry hashes an upload before it answers.
  package var answerTimeout: Duration = .seconds(180)
  /// A transfer that brings no byte for this long is cut, and tried again.
  package var stallTimeout: Duration = .seconds(30)
  /// Attempts in a row that bring no byte before a place is given up.
  package var attempts = 6
  /// The pause before the second attempt; doubles each time, with jitter.
  package var backoff: Duration = .milliseconds(250)
  package var longestBackoff: Duration = .seconds(10)
  /// A registry that says `Retry-After` is obeyed up to here; longer is an error that says so.
  package var longestRetryAfter: Duration = .seconds(60)
  /// Blobs that are fetched at a time, as Docker's `max-concurrent-downloads`.
  package var downloads = 3
  /// Connections that all downloads share.
  package var downloadConnections = 6
  /// Connections for one blob.
  package var connectionsPerBlob = 4
  /// Bytes that one connection asks for at a time; a blob of less than two segments is fetched in one piece.
  package var segment: Int64 = 16 << 20
  /// Blobs that are pushed at a time, as Docker's `max-concurrent-uploads`.
  package var uploads = 5

  package init() {}
}
