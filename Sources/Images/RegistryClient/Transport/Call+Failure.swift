// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import Errors
import LinuxSystem
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

extension Call {
  /// What an error of the HTTP client means, in the words of Go's, which Docker's clients know. `HullError`, `PlaceFailure` and `CancellationError` pass.
  func failure(_ error: any Error) -> any Error {
    if error is CancellationError || error is HullError || error is PlaceFailure || Task.isCancelled && isCancellation(error) {
      return isCancellation(error) ? CancellationError() : error
    }
    let (kind, reason) = Call.reason(error, address)
    return PlaceFailure(kind, "\(described): \(reason)")
  }

  private func isCancellation(_ error: any Error) -> Bool {
    error is CancellationError || (error as? HTTPClientError) == .cancelled || (error as? HTTPClientError) == .requestStreamCancelled
  }

  private static func reason(_ error: any Error, _ address: WebAddress) -> (PlaceFailure.Kind, String) {
    switch error {
    case let error as NIOConnectionError: return (.unreachable, reason(error, address))
    case let error as HTTPClientError: return reason(error, address)
    case let error as IOError where error.errnoCode == ECONNREFUSED || error.errnoCode == EHOSTUNREACH || error.errnoCode == ENETUNREACH:
      return (.unreachable, "dial tcp \(address.host):\(address.port): connect: \(errorText(error.errnoCode))")
    case let error as IOError: return (.cut, "the connection was cut: \(errorText(error.errnoCode))")
    case ChannelError.connectTimeout: return (.unreachable, "dial tcp \(address.host):\(address.port): i/o timeout")
    case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: return (.unreachable, tlsReason("\(error)", address))
    case is ChannelError: return (.cut, "EOF")
    case HTTPParserError.invalidEOFState: return (.cut, "unexpected EOF")
    case let error as HTTPParserError: return (.misbehaved, "malformed HTTP response: \(error)")
    default: return (.cut, "\(error)")
    }
  }

  private static func reason(_ error: NIOConnectionError, _ address: WebAddress) -> String {
    guard let failure = error.connectionErrors.last else { return "dial tcp: lookup \(error.host): no such host" }
    let target = failure.target.ipAddress.map { $0.contains(":") ? "[\($0)]" : $0 } ?? address.host
    let reason = (failure.error as? IOError).map { "connect: \(errorText($0.errnoCode))" } ?? "i/o timeout"
    return "dial tcp \(target):\(error.port): \(reason)"
  }

  private static func reason(_ error: HTTPClientError, _ address: WebAddress) -> (PlaceFailure.Kind, String) {
    switch error {
    case .connectTimeout, .getConnectionFromPoolTimeout: (.unreachable, "dial tcp \(address.host):\(address.port): i/o timeout")
    case .tlsHandshakeTimeout: (.unreachable, "net/http: TLS handshake timeout")
    case .deadlineExceeded, .readTimeout: (.cut, "no answer came in time")
    case .remoteConnectionClosed, .uncleanShutdown: (.cut, "EOF")
    case .proxyAuthenticationRequired: (.unreachable, "the proxy wants other credentials: Proxy Authentication Required")
    case .invalidProxyResponse, .httpProxyHandshakeTimeout: (.unreachable, "the proxy did not open a way to \(address.authority)")
    case .alreadyShutdown: (.unreachable, "the client was shut down")
    default: (.misbehaved, error.shortDescription)
    }
  }

  private static func tlsReason(_ text: String, _ address: WebAddress) -> String {
    let file = "certs.d/\(address.authority)"
    if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate") {
      return
        "x509: the certificate is not signed by an authority known here, or not for this host: put the authority's certificate into \(file)/ca.crt"
    }
    if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") || text.contains("INVALID_SSL") {
      return "http: server gave HTTP response to HTTPS client: list it as an insecure registry if that is intended"
    }
    if text.contains("CERTIFICATE_REQUIRED") || text.contains("BAD_CERTIFICATE") || text.contains("HANDSHAKE_FAILURE") {
      return "remote error: tls: the server wants a client certificate: put it into \(file)/client.cert and client.key"
    }
    return "tls: \(text)"
  }
}
