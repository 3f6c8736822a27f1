// SPDX-License-Identifier: Apache-2.0

/// `hull images`
enum ImageList {
  static let command = Command(
    name: "images", summary: "List images", usage: "[OPTIONS] [REPOSITORY[:TAG]]", aliases: ["image ls", "image list", "images"],
    arguments: .between(0, 1), completion: .images,
    flags: {
      [
        .bool("all,a", "Show all images (default hides intermediate images)"), .bool("digests", "Show digests"), .filter(), .format(), .noTrunc,
        .bool("quiet,q", "Only show image IDs"),
      ]
    }, run: run)

  static let listing = Listing(
    type: "*formatter.imageContext",
    headings: [
      "ID": "IMAGE ID", "Repository": "REPOSITORY", "Tag": "TAG", "Digest": "DIGEST", "CreatedSince": "CREATED", "CreatedAt": "CREATED AT",
      "Size": "SIZE", "Containers": "CONTAINERS", "VirtualSize": "SIZE", "SharedSize": "SHARED SIZE", "UniqueSize": "UNIQUE SIZE",
    ], table: "{{.Repository}}\\t{{.Tag}}\\t{{.ID}}\\t{{.CreatedSince}}\\t{{.Size}}")

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    var listing = listing
    let format = call.string("format")
    if call.bool("digests") { listing.table = "{{.Repository}}\\t{{.Tag}}\\t{{.Digest}}\\t{{.ID}}\\t{{.CreatedSince}}\\t{{.Size}}" }
    var filters = call.list("filter")
    if let name = call.arguments.first { filters.append("reference=\(name)") }
    var query = Filters.query(filters)
    if call.bool("all") { query.append(("all", "1")) }
    let images = try call.engine().json("GET", "/images/json", query: query).array
    let truncates = !call.bool("no-trunc")
    let withDigests = call.bool("digests") || (!format.isEmpty && listing.shows("Digest", format: format) && format != "json")
    let rows = images.flatMap { Self.rows($0, truncates: truncates, withDigests: withDigests) }
    if call.bool("quiet") {
      for row in rows { call.out.line(row.fields["ID"]?.text ?? "") }
      return 0
    }
    call.out.write(try listing.text(rows, format: format, fitting: call.fitting))
    return 0
  }

  /// A row for each name of the image; one with `<none>` for an image without.
  static func rows(_ image: JSON, truncates: Bool, withDigests: Bool) -> [Listing.Row] {
    let none = "<none>"
    let tags = image["RepoTags"].strings.filter { $0 != "<none>:<none>" }.map { ImageName.parts(ImageName.familiar($0)) }
    let digests = image["RepoDigests"].strings.filter { $0 != "<none>@<none>" }.compactMap { Text.cut(ImageName.familiar($0), "@") }
    var names: [(repository: String, tag: String, digest: String)] = []
    for (repository, tag) in tags {
      let own = withDigests ? digests.filter { $0.0 == repository }.map(\.1) : []
      names += (own.isEmpty ? [none] : own).map { (repository, tag, $0) }
    }
    for (repository, digest) in digests where !tags.contains(where: { $0.repository == repository }) {
      names.append((repository, none, withDigests ? digest : none))
    }
    if names.isEmpty { names = [(none, none, none)] }
    let created = Timestamp(seconds: image["Created"].int ?? 0)
    let size = image["Size"].double ?? 0
    let shared = image["SharedSize"].double ?? -1
    let holders = image["Containers"].int ?? -1
    return names.map { name in
      Listing.Row(fields: [
        "ID": .string(truncates ? Text.shortID(image["Id"].text) : image["Id"].text), "Repository": .string(name.repository),
        "Tag": .string(name.tag),
        "Digest": .string(name.digest), "CreatedSince": .string(created.ago), "CreatedAt": .string(created.goString),
        "Size": .string(Units.size(size, precision: 3)), "Containers": .string(holders < 0 ? "N/A" : String(holders)),
        "VirtualSize": .string(Units.size(size)), "SharedSize": .string(shared < 0 ? "N/A" : Units.size(shared)),
        "UniqueSize": .string(shared < 0 ? "N/A" : Units.size(size - shared)),
      ])
    }
  }
}
