// SPDX-License-Identifier: Apache-2.0

/// `hull network ls`
enum NetworkList {
  static let command = Command(
    name: "ls", otherNames: ["list"], summary: "List networks", usage: "[OPTIONS]", aliases: ["network ls", "network list"],
    flags: {
      [
        .filter("f", "Provide filter values (e.g. \"driver=bridge\")"), .format(), .bool("no-trunc", "Do not truncate the output"),
        .bool("quiet,q", "Only display network IDs"),
      ]
    }, run: run)

  private static let listing = Listing(
    type: "*network.networkContext",
    headings: [
      "ID": "NETWORK ID", "Name": "NAME", "Driver": "DRIVER", "Scope": "SCOPE", "IPv4": "IPV4", "IPv6": "IPV6", "Internal": "INTERNAL",
      "Labels": "LABELS", "CreatedAt": "CREATED AT",
    ], table: "{{.ID}}\\t{{.Name}}\\t{{.Driver}}\\t{{.Scope}}")

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let networks = try call.engine().json("GET", "/networks", query: Filters.query(call.list("filter"))).array
    let rows = rows(networks, truncates: !call.bool("no-trunc"))
    // As docker does it: a format makes --quiet do nothing.
    if call.bool("quiet"), call.string("format").isEmpty {
      for row in rows { call.out.line(row.fields["ID"]?.text ?? "") }
      return 0
    }
    call.out.write(try listing.text(rows, format: call.string("format"), fitting: call.fitting))
    return 0
  }

  /// The networks in the order of their names, numbers in them as numbers.
  static func rows(_ networks: [JSON], truncates: Bool) -> [Listing.Row] {
    networks.sorted { NaturalOrder.isBefore($0["Name"].text, $1["Name"].text) }.map { network in
      func flag(_ name: String) -> JSON { .string(network[name].bool == true ? "true" : "false") }
      let labels = network["Labels"]
      return Listing.Row(
        fields: [
          "ID": .string(truncates ? Text.shortID(network["Id"].text) : network["Id"].text), "Name": .string(network["Name"].text),
          "Driver": .string(network["Driver"].text), "Scope": .string(network["Scope"].text), "IPv4": flag("EnableIPv4"),
          "IPv6": flag("EnableIPv6"), "Internal": flag("Internal"), "CreatedAt": .string(Timestamp.goString(network["Created"].text)),
          "Labels": .string(labels.object.sorted.map { "\($0.key)=\($0.value.text)" }.joined(separator: ",")),
        ], labels: labels)
    }
  }
}
