// SPDX-License-Identifier: Apache-2.0

/// `hull image diff`
enum ImageDiff {
  static let command = Command(
    name: "diff", summary: "Compare the files and the configuration of two images",
    details: "A: added, C: changed, D: removed, as docker diff marks them.", usage: "[OPTIONS] FROM TO", arguments: .exactly(2), completion: .images,
    flags: { [.bool("json", "Print the engine's answer as it is")] }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let query: EngineClient.Query = [("from", call.arguments[0]), ("to", call.arguments[1])]
    if call.bool("json") {
      call.out.write(JSONLayout.indented(try call.engine().bytes("GET", "/hull/images/diff", query: query)) + [0x0A])
      return 0
    }
    let answer = try call.engine().json("GET", "/hull/images/diff", query: query)
    for change in answer["Changes"].array { call.out.line(line(change)) }
    for field in answer["Config"].array { call.out.line("\(field["Field"].text): \(value(field["From"])) -> \(value(field["To"]))") }
    return 0
  }

  private static func line(_ change: JSON) -> String {
    let (from, to) = (ImageShow.size(change["SizeFrom"]), ImageShow.size(change["SizeTo"]))
    switch change["Kind"].text {
    case "added": return "A \(change["Path"].text) (\(to))"
    case "removed": return "D \(change["Path"].text) (\(from))"
    default:
      let what = change["What"].strings.joined(separator: ", ")
      return "C \(change["Path"].text) (\(what)\(from == to ? "" : "; \(from) -> \(to)"))"
    }
  }

  /// A string as it is, everything else as JSON; nothing is `-`.
  private static func value(_ value: JSON) -> String { value.isNull ? "-" : value.string ?? value.encoded() }
}
