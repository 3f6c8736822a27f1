// SPDX-License-Identifier: Apache-2.0

/// `hull history`
enum ImageHistory {
  static let command = Command(
    name: "history", summary: "Show the history of an image", usage: "[OPTIONS] IMAGE", aliases: ["image history", "history"],
    arguments: .exactly(1), completion: .images,
    flags: {
      [
        .format(), .bool("human,H", "Print sizes and dates in human readable format", initial: true), .noTrunc,
        .string("platform", "Show history for the given platform. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")"),
        .bool("quiet,q", "Only show image IDs"),
      ]
    }, run: run)

  private static func listing(human: Bool) -> Listing {
    Listing(
      type: "*image.historyContext",
      headings: [
        "ID": "IMAGE", "CreatedSince": "CREATED", "CreatedAt": "CREATED AT", "CreatedBy": "CREATED BY", "Size": "SIZE", "Comment": "COMMENT",
      ], table: "{{.ID}}\\t{{.\(human ? "CreatedSince" : "CreatedAt")}}\\t{{.CreatedBy}}\\t{{.Size}}\\t{{.Comment}}")
  }

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let layers = try call.engine().json("GET", call.image(call.arguments[0], "/history"), query: call.platformQuery).array
    let (human, truncates) = (call.bool("human"), !call.bool("no-trunc"))
    let rows = layers.map { row($0, human: human, truncates: truncates) }
    if call.bool("quiet") {
      for row in rows { call.out.line(row.fields["ID"]?.text ?? "") }
      return 0
    }
    call.out.write(try listing(human: human).text(rows, format: call.string("format"), fitting: call.fitting))
    return 0
  }

  private static func row(_ layer: JSON, human: Bool, truncates: Bool) -> Listing.Row {
    let created = Timestamp(seconds: layer["Created"].int ?? 0)
    let command = Text.replacing(layer["CreatedBy"].text, "\t", with: " ")
    let size = layer["Size"].double ?? 0
    /// Images without a date carry one from before 2000.
    let since = !human ? created.rfc3339 : created.seconds <= 946_684_800 ? "N/A" : created.ago
    return Listing.Row(fields: [
      "ID": .string(truncates ? Text.shortID(layer["Id"].text) : layer["Id"].text), "CreatedSince": .string(since),
      "CreatedAt": .string(created.rfc3339), "CreatedBy": .string(truncates ? Text.ellipsis(command, 45) : command),
      "Size": .string(human ? Units.size(size, precision: 3) : String(Int(size))), "Comment": .string(layer["Comment"].text),
    ])
  }
}
