// SPDX-License-Identifier: Apache-2.0

/// `hull system check`
enum SystemCheck {
  static let command = Command(
    name: "check", summary: "Prove that every byte of the store belongs to something and is what it should be",
    details: "Ends with 1 when there is something that is not mended.", usage: "[OPTIONS]",
    flags: { [.bool("mend", "Mend what can be mended"), .bool("json", "Print the engine's answer as it is")] }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let bytes = try call.engine().bytes("POST", "/hull/store/check", query: [("mend", call.bool("mend") ? "1" : "0")])
    let answer = try JSONParser.parse(bytes)
    let problems = answer["Problems"].array
    if call.bool("json") { call.out.write(JSONLayout.indented(bytes) + [0x0A]) } else { show(answer["Checked"], problems, call) }
    return problems.allSatisfy { $0["Mended"].bool == true } ? 0 : 1
  }

  private static func show(_ checked: JSON, _ problems: [JSON], _ call: Invocation) {
    if !problems.isEmpty {
      var table = Table()
      table.add(line: "OBJECT\tPROBLEM\tSIZE\tMENDED")
      for problem in problems {
        let mended = problem["Mended"].bool == true ? "yes" : "no: \(problem["Fix"].text)"
        table.add(line: "\(problem["Object"].text)\t\(problem["Problem"].text)\t\(ImageShow.size(problem["Bytes"]))\t\(mended)")
      }
      call.out.write(table.text() + "\n")
    }
    func count(_ key: String, _ noun: String) -> String { "\(checked[key].int ?? 0) \(noun)" }
    let parts = [count("Images", "images"), count("Layers", "layers"), count("Blobs", "blobs"), count("Files", "files")]
    let unmended = problems.count { $0["Mended"].bool != true }
    let verdict =
      problems.isEmpty
      ? "everything belongs to something" : "\(problems.count) \(problems.count == 1 ? "problem" : "problems"), \(problems.count - unmended) mended"
    call.out.line("checked \(parts.joined(separator: ", ")), \(ImageShow.size(checked["Bytes"])): \(verdict)")
    if unmended > 0, !call.bool("mend") { call.out.error("run 'hull system check --mend' to mend what can be mended") }
  }
}
