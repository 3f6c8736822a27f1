// SPDX-License-Identifier: Apache-2.0

extension Invocation {
  /// `/containers/NAME` and what comes behind it.
  func container(_ name: String, _ rest: String = "") -> String { "/containers/\(EngineClient.escaped(name))\(rest)" }

  /// Sends the same request for every container and prints the names of those for which it succeeded.
  func sendToEach(_ method: String, _ rest: String, query: EngineClient.Query = []) throws -> Int32 {
    let engine = try engine()
    return forEach(arguments) { name in
      _ = try engine.bytes(method, container(name, rest), query: query)
      return name
    }
  }
}
