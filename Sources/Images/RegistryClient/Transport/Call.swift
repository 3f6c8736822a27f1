// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One request to one address.
struct Call: Sendable {
  enum Body: Sendable {
    case none
    case bytes([UInt8])
    /// Bytes that are read as they are sent: made anew each time the request is.
    case stream(length: Int64, make: @Sendable () -> BlobBody)
  }

  var method: HTTPMethod
  var address: WebAddress
  var headers: HTTPHeaders = [:]
  /// Sent to the origin of `address` and to nobody else.
  var authorization: String?
  var body = Body.none
  /// How long the answer may take to begin; `nil`: somebody else watches.
  var patience: Duration?
  /// Named before the client's own name (RFC 9110, section 10.1.5): `name/version`.
  var product: String?
  /// What holds for the host of `address`; `nil`: what the configuration says.
  var policy: HostPolicy?

  init(_ method: HTTPMethod, _ address: WebAddress) {
    self.method = method
    self.address = address
  }

  /// Can be sent again at once: its body, if it has one, is in memory.
  var isRepeatable: Bool {
    if case .stream = body { false } else { true }
  }

  /// As Go's HTTP client begins its errors, which Docker's clients know: `Get "https://…"`.
  var described: String {
    "\(method.rawValue.prefix(1))\(method.rawValue.dropFirst().lowercased()) \"\(address)\""
  }
}

/// The beginning of an answer; its body is still to come.
struct Answer: Sendable {
  let call: Call
  let status: HTTPResponseStatus
  let headers: HTTPHeaders
  let body: HTTPClientResponse.Body

  /// `Content-Length`, if it is a number.
  var length: Int64? { headers.first(name: "content-length").flatMap { Int64($0) }.flatMap { $0 < 0 ? nil : $0 } }

  var isSuccess: Bool { (200..<300).contains(status.code) }

  /// `200 OK`
  var statusLine: String { "\(status.code) \(status.reasonPhrase)" }
}
