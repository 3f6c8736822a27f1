// SPDX-License-Identifier: Apache-2.0

/// Image names as people write them; the engine has the grammar.
enum ImageName {
  /// Without the default registry's prefixes.
  static func familiar(_ name: String) -> String {
    for prefix in ["docker.io/library/", "docker.io/"] where name.hasPrefix(prefix) { return String(name.dropFirst(prefix.count)) }
    return name
  }

  /// With `:latest` where neither a tag nor a digest is given.
  static func withTag(_ name: String) -> String {
    let last = Paths.split(name).name
    return last.contains(":") || name.contains("@") ? familiar(name) : familiar(name) + ":latest"
  }

  /// `repository[:tag]` parted, the tag `latest` when it is missing.
  static func parts(_ name: String) -> (repository: String, tag: String) {
    if let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") {
      return (String(name[..<colon]), String(name[name.index(after: colon)...]))
    }
    return (name, "")
  }
}
