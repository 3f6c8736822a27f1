// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors

/// Which requests go through a proxy: what the variables `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say.
package struct ProxySettings: Sendable, Hashable {
  /// For `http` requests.
  package var http: WebAddress?
  /// For `https` requests, which the proxy tunnels.
  package var https: WebAddress?
  /// Hosts that are asked directly: `*`, names (with what is below them; `.name`: only what is below), addresses, prefixes, each with a port or not.
  package var except: [String]

  package init(http: WebAddress? = nil, https: WebAddress? = nil, except: [String] = []) {
    self.http = http
    self.https = https
    self.except = except
  }

  /// Reads the variables, in capitals or not. Throws `invalidArgument` for a proxy that is none.
  package init(environment: [String: String]) throws(HullError) {
    func value(_ name: String) -> String? {
      [name, name.lowercased()].compactMap { environment[$0] }.first { !$0.isEmpty }
    }
    self.init(
      http: try ProxySettings.proxy(value("HTTP_PROXY"), "HTTP_PROXY"), https: try ProxySettings.proxy(value("HTTPS_PROXY"), "HTTPS_PROXY"),
      except: ProxySettings.list(value("NO_PROXY") ?? ""))
  }

  /// The proxy for a request; `nil`: none. Loopback is always asked directly.
  func proxy(for address: WebAddress) -> WebAddress? {
    guard let proxy = address.scheme == .https ? https : http, !HostPattern.isLoopback(address.host) else { return nil }
    return except.contains { HostPattern($0, bareNamesIncludeSubdomains: true).matches(host: address.host, port: address.port) } ? nil : proxy
  }

  /// Splits what stands in `NO_PROXY`.
  static func list(_ text: String) -> [String] {
    text.split { $0 == "," || $0 == " " }.map(String.init)
  }

  /// Reads a proxy's URL; without a scheme it is an `http` one. A proxy that itself is reached over TLS is refused.
  static func proxy(_ text: String?, _ name: String) throws(HullError) -> WebAddress? {
    guard let text, !text.isEmpty else { return nil }
    let address = try WebAddress(text.contains("://") ? text : "http://\(text)")
    guard address.scheme == .http else {
      throw HullError(.unsupported, "\(name): a proxy that is reached by https is not supported: use http://\(address.authority)")
    }
    return address
  }
}
