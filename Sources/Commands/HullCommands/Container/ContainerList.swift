// SPDX-License-Identifier: Apache-2.0

/// `hull ps`
enum ContainerList {
  static let command = Command(
    name: "ps", summary: "List containers", usage: "[OPTIONS]", aliases: ["container ls", "container list", "container ps", "ps"],
    flags: {
      [
        .bool("all,a", "Show all containers (default shows just running)"), .filter(), .format(),
        .int("last,n", "Show n last created containers (includes all states)", initial: -1),
        .bool("latest,l", "Show the latest created container (includes all states)"), .noTrunc,
        .bool("quiet,q", "Only display container IDs"), .bool("size,s", "Display total file sizes"),
      ]
    }, run: run)

  static let listing = Listing(
    type: "*formatter.ContainerContext",
    headings: [
      "ID": "CONTAINER ID", "Names": "NAMES", "Image": "IMAGE", "Command": "COMMAND", "CreatedAt": "CREATED AT", "RunningFor": "CREATED",
      "Ports": "PORTS", "State": "STATE", "Status": "STATUS", "Size": "SIZE", "Labels": "LABELS", "Mounts": "MOUNTS",
      "LocalVolumes": "LOCAL VOLUMES", "Networks": "NETWORKS", "Platform": "PLATFORM",
    ], table: "{{.ID}}\\t{{.Image}}\\t{{.Command}}\\t{{.RunningFor}}\\t{{.Status}}\\t{{.Ports}}\\t{{.Names}}")

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    var listing = listing
    let format = call.string("format")
    if call.bool("size") { listing.table += "\\t{{.Size}}" }
    var query = Filters.query(call.list("filter"))
    let last = call.bool("latest") && call.int("last") == -1 ? 1 : call.int("last")
    if call.bool("all") { query.append(("all", "1")) }
    if last > 0 { query.append(("limit", String(last))) }
    let wantsSize = call.bool("size") || (!format.isEmpty && format != "json" && !call.bool("quiet") && listing.shows("Size", format: format))
    if wantsSize { query.append(("size", "1")) }
    let containers = try call.engine().json("GET", "/containers/json", query: query).array
    let truncates = !call.bool("no-trunc")
    if call.bool("quiet") {
      for container in containers { call.out.line(truncates ? Text.shortID(container["Id"].text) : container["Id"].text) }
      return 0
    }
    call.out.write(try listing.text(containers.map { row($0, truncates: truncates) }, format: format, fitting: call.fitting))
    return 0
  }

  static func row(_ container: JSON, truncates: Bool) -> Listing.Row {
    let created = Timestamp(seconds: container["Created"].int ?? 0)
    let mounts = container["Mounts"].array.map { $0["Name"].text.isEmpty ? $0["Source"].text : $0["Name"].text }
    let labels = container["Labels"]
    let fields: [String: JSON] = [
      "ID": .string(truncates ? Text.shortID(container["Id"].text) : container["Id"].text), "Names": .string(names(container, truncates)),
      "Image": .string(image(container, truncates)),
      "Command": .string(Text.quoted(truncates ? Text.ellipsis(container["Command"].text, 20) : container["Command"].text)),
      "CreatedAt": .string(created.goString), "RunningFor": .string(created.ago), "Ports": .string(PortDisplay.text(container["Ports"].array)),
      "State": .string(container["State"].text), "Status": .string(container["Status"].text), "Size": .string(size(container)),
      "Labels": .string(labels.object.sorted.map { "\($0.key)=\($0.value.text)" }.joined(separator: ",")),
      "Mounts": .string(mounts.map { truncates ? Text.ellipsis($0, 15) : $0 }.joined(separator: ",")),
      "LocalVolumes": .string(String(container["Mounts"].array.filter { $0["Driver"].text == "local" }.count)),
      "Platform": platform(container),
      "Networks": .string(container["NetworkSettings"]["Networks"].object.keys.joined(separator: ",")),
    ]
    return Listing.Row(fields: fields, labels: labels)
  }

  /// Without the slash; only the container's own name when truncated, not those that links gave it.
  private static func names(_ container: JSON, _ truncates: Bool) -> String {
    let names = container["Names"].strings.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 }
    return truncates ? names.first { !$0.contains("/") } ?? "" : names.joined(separator: ",")
  }

  private static func image(_ container: JSON, _ truncates: Bool) -> String {
    let image = container["Image"].text
    if image.isEmpty { return "<no image>" }
    guard truncates else { return image }
    let short = Text.shortID(container["ImageID"].text)
    if short == Text.shortID(image) { return short }
    return ImageName.familiar(Text.cut(image, "@")?.0 ?? image)
  }

  private static func platform(_ container: JSON) -> JSON {
    let platform = container["ImageManifestDescriptor"]["platform"]
    guard let os = platform["os"].string else { return .null }
    return .string([os, platform["architecture"].text, platform["variant"].text].filter { !$0.isEmpty }.joined(separator: "/"))
  }

  private static func size(_ container: JSON) -> String {
    let own = Units.size(container["SizeRw"].double ?? 0, precision: 3)
    guard let whole = container["SizeRootFs"].double, whole > 0 else { return own }
    return "\(own) (virtual \(Units.size(whole, precision: 3)))"
  }
}
