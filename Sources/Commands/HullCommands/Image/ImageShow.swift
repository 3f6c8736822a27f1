// SPDX-License-Identifier: Apache-2.0

/// `hull image show`
enum ImageShow {
  static let command = Command(
    name: "show", summary: "Show what is inside an image: its layers, what made each, and wasted bytes",
    details: "Wasted are files that a later layer overwrites or removes: they are fetched and stored, and nobody sees them.",
    usage: "[OPTIONS] IMAGE", arguments: .exactly(1), completion: .images,
    flags: {
      [
        .bool("files", "List the wasted files"), .bool("json", "Print the engine's answer as it is"), .noTrunc,
        .string("platform", "Show the image for the given platform (os[/arch[/variant]])"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let name = call.arguments[0]
    let query: EngineClient.Query =
      call.changed("platform") ? [("platform", ImageName.platform(call.string("platform")).encoded())] : []
    let path = "/hull" + call.image(name, "/layers")
    if call.bool("json") {
      call.out.write(JSONLayout.indented(try call.engine().bytes("GET", path, query: query)) + [0x0A])
      return 0
    }
    let image = try call.engine().json("GET", path, query: query)
    let layers = image["Layers"].array
    call.out.write(table(layers, truncates: !call.bool("no-trunc"), fitting: call.fitting))
    if call.bool("files") { call.out.write(files(layers, fitting: call.fitting)) }
    call.out.line("\n" + summary(image, layers.count))
    return 0
  }

  private static func table(_ layers: [JSON], truncates: Bool, fitting: Int?) -> String {
    var table = Table()
    table.add(line: "#\tLAYER\tSIZE\tCOMPRESSED\tWASTED\tCREATED BY")
    for (index, layer) in layers.enumerated() {
      let made = Text.replacing(Text.replacing(layer["CreatedBy"].text, "\t", with: " "), "\n", with: " ")
      let id = truncates ? Text.shortID(layer["DiffID"].text) : layer["DiffID"].text
      let sizes = ["Size", "CompressedSize", "Wasted"].map { size(layer[$0]) }.joined(separator: "\t")
      table.add(line: "\(index)\t\(id)\t\(sizes)\t\(truncates ? Text.ellipsis(made, 60) : made)")
    }
    return table.text(fitting: fitting)
  }

  private static func files(_ layers: [JSON], fitting: Int?) -> String {
    var wasted: [(layer: Int, file: JSON)] = []
    for (index, layer) in layers.enumerated() { wasted += layer["WastedFiles"].array.map { (index, $0) } }
    guard !wasted.isEmpty else { return "" }
    var table = Table()
    table.add(line: "IN\tSIZE\tBY\tHOW\tFILE")
    for (layer, file) in wasted.sorted(by: { ($0.file["Size"].int ?? 0) > ($1.file["Size"].int ?? 0) }) {
      table.add(line: "\(layer)\t\(size(file["Size"]))\t\(file["Layer"].int ?? 0)\t\(file["Why"].text)\t\(file["Path"].text)")
    }
    return "\n" + table.text(fitting: fitting)
  }

  private static func summary(_ image: JSON, _ layers: Int) -> String {
    let (size, wasted) = (image["Size"].double ?? 0, image["Wasted"].double ?? 0)
    let share = size > 0 ? " (\(Units.format("%.1f", wasted * 100 / size)) %)" : ""
    return
      "\(Text.shortID(image["Id"].text)): \(layers) \(layers == 1 ? "layer" : "layers"), \(Units.size(size)), of it wasted: \(Units.size(wasted))\(share)"
  }

  /// `-` where the engine does not know.
  static func size(_ bytes: JSON) -> String { bytes.double.map { Units.size($0) } ?? "-" }
}
