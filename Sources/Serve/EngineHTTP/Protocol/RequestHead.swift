// SPDX-License-Identifier: Apache-2.0
import NIOHTTP1

/// The request line and header fields of one HTTP/1 request (RFC 9112), checked.
package struct RequestHead: Sendable, Equatable {
  /// As sent: `GET`, `POST`, …
  package var method: String
  /// Path and query as sent, still percent-encoded; always begins with `/` (or is `*`).
  package var target: String
  /// The x of HTTP/1.x.
  package var minorVersion: Int
  package var headers: HTTPHeaders
  package var framing: BodyFraming
  /// The client wants another exchange on this connection.
  package var keepAlive: Bool
  /// The protocol named by `Upgrade:`, in lower case.
  package var upgrade: String?
  /// `Expect: 100-continue`: the client holds its body back until it is asked for.
  package var expectsContinue: Bool
}

/// How the end of a request's body is found.
package enum BodyFraming: Sendable, Equatable {
  case none
  case length(UInt64)
  case chunked
}

/// A request that cannot be understood; the connection ends with this answer.
package struct ProtocolError: Error, Sendable, Equatable {
  package var status: HTTPResponseStatus
  package var message: String

  package init(_ status: HTTPResponseStatus, _ message: String) {
    self.status = status
    self.message = message
  }
}
