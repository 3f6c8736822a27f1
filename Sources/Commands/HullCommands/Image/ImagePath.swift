// SPDX-License-Identifier: Apache-2.0

extension Invocation {
  /// `/images/NAME` and what comes behind it; a name's slashes stay.
  func image(_ name: String, _ rest: String = "") -> String { "/images/\(EngineClient.escapedPath(name))\(rest)" }
}
