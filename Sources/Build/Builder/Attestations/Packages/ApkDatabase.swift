// SPDX-License-Identifier: Apache-2.0

/// Alpine's list of packages (`/lib/apk/db/installed`): a letter and a value on each line.
struct ApkDatabase {
  private(set) var packages: [PackageRecord] = []

  init(_ text: String, _ distribution: Distribution) {
    var fields: [Character: String] = [:]
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        add(fields, distribution)
        fields = [:]
      } else if let key = line.first, line.dropFirst().first == ":", fields[key] == nil {
        fields[key] = String(line.dropFirst(2))
      }
    }
    add(fields, distribution)
  }

  private mutating func add(_ fields: [Character: String], _ distribution: Distribution) {
    guard let name = fields["P"], let version = fields["V"] else { return }
    var url = PackageURL(type: "apk", namespace: distribution.id.isEmpty ? "alpine" : distribution.id, name: name, version: version)
    url.qualifiers = ["arch": fields["A"] ?? "", "distro": distribution.qualifier]
    if let origin = fields["o"], origin != name { url.qualifiers["upstream"] = origin }
    packages.append(PackageRecord(name: name, version: version, license: fields["L"] ?? "", supplier: fields["m"] ?? "", url: url))
  }
}
