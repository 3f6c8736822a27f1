// SPDX-License-Identifier: Apache-2.0

/// A package that is in a file system.
struct PackageRecord: Sendable, Hashable {
  var name: String
  var version: String
  /// As the database has it; empty: it does not say.
  var license = ""
  /// Who looks after it.
  var supplier = ""
  var url: PackageURL
}

/// What `/etc/os-release` says of the distribution (os-release(5)).
struct Distribution: Sendable, Hashable {
  var id = ""
  var version = ""

  init() {}

  init(_ text: String) {
    for line in text.split(separator: "\n") {
      let pair = line.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2 else { continue }
      let value = pair[1].trimming { "\"' \t\r".contains($0) }
      switch pair[0] {
      case "ID": id = value
      case "VERSION_ID": version = value
      default: break
      }
    }
  }

  /// `debian-12`, as package URLs have it.
  var qualifier: String { id.isEmpty ? "" : version.isEmpty ? id : "\(id)-\(version)" }
}
