// SPDX-License-Identifier: Apache-2.0

/// `hull search`
enum Search {
  static let command = Command(
    name: "search", summary: "Search a registry for images", usage: "[OPTIONS] TERM", arguments: .exactly(1),
    flags: {
      [.filter(), .format(), .int("limit", "Max number of search results"), .noTrunc]
    }, run: run)

  private static let listing = Listing(
    type: "*formatter.searchContext",
    headings: ["Name": "NAME", "Description": "DESCRIPTION", "StarCount": "STARS", "IsOfficial": "OFFICIAL"],
    table: "{{.Name}}\\t{{.Description}}\\t{{.StarCount}}\\t{{.IsOfficial}}")

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    var query: EngineClient.Query = [("term", call.arguments[0])] + Filters.query(call.list("filter"))
    if call.int("limit") > 0 { query.append(("limit", String(call.int("limit")))) }
    let account = try Account.header(forImage: call.arguments[0])
    let found = try call.engine().send("GET", "/images/search", query: query, headers: [account]).json().array
    let truncates = !call.bool("no-trunc")
    let rows = found.map { image in
      let description = image["description"].text.split(whereSeparator: \.isNewline).joined(separator: " ")
      return Listing.Row(fields: [
        "Name": .string(image["name"].text), "Description": .string(truncates ? Text.ellipsis(description, 45) : description),
        "StarCount": .string(String(image["star_count"].int ?? 0)), "IsOfficial": .string(image["is_official"].bool == true ? "[OK]" : ""),
      ])
    }
    call.out.write(try listing.text(rows, format: call.string("format"), fitting: call.fitting))
    return 0
  }
}
