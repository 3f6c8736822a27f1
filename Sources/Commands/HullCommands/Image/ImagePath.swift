// SPDX-License-Identifier: Apache-2.0

extension Invocation {
  /// `/images/NAME` and what comes behind it; a name's slashes stay.
  func image(_ name: String, _ rest: String = "") -> String { "/images/\(EngineClient.escapedPath(name))\(rest)" }

  /// `--platform` as requests about one platform of an image take it; nothing where the flag was not given.
  var platformQuery: EngineClient.Query { changed("platform") ? [("platform", ImageName.platform(string("platform")).encoded())] : [] }
}
