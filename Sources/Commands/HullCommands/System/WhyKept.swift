// SPDX-License-Identifier: Apache-2.0

/// `hull why-kept`
enum WhyKept {
  static let command = Command(
    name: "why-kept", summary: "Tell why an image, a layer or a blob is kept", usage: "[OPTIONS] ID [ID...]", arguments: .atLeast(1),
    completion: .images, flags: { [.bool("json", "Print the engine's answer as it is")] },
    run: { call in
      let engine = try call.engine()
      return call.forEach(call.arguments) { id in
        let bytes = try engine.bytes("GET", "/hull/store/why/\(EngineClient.escapedPath(id))")
        return call.bool("json") ? String(decoding: JSONLayout.indented(bytes), as: UTF8.self) : text(try JSONParser.parse(bytes))
      }
    })

  private static func text(_ answer: JSON) -> String {
    let object = "\(answer["Kind"].text) \(answer["Object"].text) (\(ImageShow.size(answer["Size"])))"
    let reasons = answer["Reasons"].array
    if reasons.isEmpty { return "\(object) is kept by nothing: 'hull image prune --all' removes it" }
    return "\(object) is kept by\n" + reasons.map { "  \($0["Kind"].text) \($0["Name"].text)" }.joined(separator: "\n")
  }
}
