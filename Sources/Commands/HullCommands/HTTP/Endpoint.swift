// SPDX-License-Identifier: Apache-2.0
import Errors

/// Where the engine listens. Only unix sockets: an engine that listens elsewhere has TLS in front of it.
struct Endpoint: Equatable, Sendable {
  static let standard = Endpoint(path: "/run/hull/hull.sock")

  var path: String

  var description: String { "unix://\(path)" }

  /// From `--host`, else HULL_HOST, else DOCKER_HOST where it names a unix socket, else the standard place.
  static func chosen(flag: String?, environment: (String) -> String?) throws(HullError) -> Endpoint {
    if let flag, !flag.isEmpty { return try parse(flag) }
    if let host = environment("HULL_HOST"), !host.isEmpty { return try parse(host) }
    if let host = environment("DOCKER_HOST"), host.hasPrefix("unix://") { return try parse(host) }
    return standard
  }

  /// `unix:///path` or an absolute path.
  static func parse(_ text: String) throws(HullError) -> Endpoint {
    let path = text.hasPrefix("unix://") ? String(text.dropFirst(7)) : text
    guard path.hasPrefix("/") else {
      throw HullError(.invalidArgument, "unable to parse host '\(text)': hull connects to unix sockets only, as in unix:///run/hull/hull.sock")
    }
    return Endpoint(path: path)
  }
}
