// SPDX-License-Identifier: Apache-2.0

extension Invocation {
  /// `/networks/NAME` and what comes behind it.
  func network(_ name: String, _ rest: String = "") -> String { "/networks/\(EngineClient.escaped(name))\(rest)" }
}
