// SPDX-License-Identifier: Apache-2.0

/// dpkg's list of packages (`/var/lib/dpkg/status`, deb822(5)).
struct DpkgDatabase {
  private(set) var packages: [PackageRecord] = []

  init(_ text: String, _ distribution: Distribution) {
    var fields: [String: String] = [:]
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        add(fields, distribution)
        fields = [:]
      } else if line.first != " ", line.first != "\t", let colon = line.firstIndex(of: ":") {
        fields[String(line[..<colon])] = String(line[line.index(after: colon)...]).trimming(\.isWhitespace)
      }
    }
    add(fields, distribution)
  }

  private mutating func add(_ fields: [String: String], _ distribution: Distribution) {
    guard let name = fields["Package"], let version = fields["Version"] else { return }
    // A removed package may have left its configuration.
    if let status = fields["Status"], !status.hasSuffix(" installed") { return }
    var url = PackageURL(type: "deb", namespace: distribution.id.isEmpty ? "debian" : distribution.id, name: name, version: version)
    url.qualifiers = ["arch": fields["Architecture"] ?? "", "distro": distribution.qualifier]
    if let source = fields["Source"]?.split(separator: " ").first, source != name { url.qualifiers["upstream"] = String(source) }
    packages.append(PackageRecord(name: name, version: version, supplier: fields["Maintainer"] ?? "", url: url))
  }
}
