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

  /// Whether neither a tag nor a digest is given.
  static func isRepository(_ name: String) -> Bool { !name.contains("@") && parts(name).tag.isEmpty }

  /// With the registry and Docker Hub's `library/`, as docker prints what it has pulled.
  static func canonical(_ name: String) -> String {
    guard RegistryName.ofImage(name) == RegistryName.hub else { return name }
    let short = familiar(name)
    return short.contains("/") ? "docker.io/\(short)" : "docker.io/library/\(short)"
  }

  /// `os[/architecture[/variant]]` as the engine takes it in requests about one platform of an image.
  static func platform(_ text: String) -> JSON {
    var object = JSONObject()
    for (key, value) in zip(["os", "architecture", "variant"], text.split(separator: "/", maxSplits: 2)) {
      object.append(key, .string(String(value)))
    }
    return .object(object)
  }
}
