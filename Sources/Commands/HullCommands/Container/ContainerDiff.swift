// SPDX-License-Identifier: Apache-2.0

/// `hull diff`
enum ContainerDiff {
  static let command = Command(
    name: "diff", summary: "Inspect changes to files or directories on a container's filesystem", usage: "CONTAINER",
    aliases: ["container diff", "diff"], arguments: .exactly(1), completion: .containers,
    run: { call in
      let kinds = ["C", "A", "D"]
      for change in try call.engine().json("GET", call.container(call.arguments[0], "/changes")).array {
        let kind = change["Kind"].int ?? -1
        call.out.line("\(kinds.indices.contains(kind) ? kinds[kind] : "") \(change["Path"].text)")
      }
      return 0
    })
}
