// SPDX-License-Identifier: Apache-2.0

/// `hull top`
enum ContainerTop {
  static let command = Command(
    name: "top", summary: "Display the running processes of a container", usage: "CONTAINER [ps OPTIONS]", aliases: ["container top", "top"],
    arguments: .atLeast(1), interspersed: false, completion: .runningContainers,
    run: { call in
      let options = call.arguments.dropFirst().joined(separator: " ")
      let query: EngineClient.Query = options.isEmpty ? [] : [("ps_args", options)]
      let answer = try call.engine().json("GET", call.container(call.arguments[0], "/top"), query: query)
      var rows = [answer["Titles"].strings]
      rows += answer["Processes"].array.map(\.strings)
      call.out.write(columns(rows))
      return 0
    })

  /// As docker's `top`: columns at least 20 wide, as its tabulator is set there.
  private static func columns(_ rows: [[String]]) -> String {
    var widths: [Int] = []
    for row in rows {
      for (index, cell) in row.enumerated() {
        if index == widths.count { widths.append(20) }
        widths[index] = max(widths[index], Text.width(cell) + 3)
      }
    }
    return rows.map { row in
      row.enumerated().map { $0.offset == row.count - 1 ? $0.element : Text.padded($0.element, widths[$0.offset]) }.joined() + "\n"
    }.joined()
  }
}
