// SPDX-License-Identifier: Apache-2.0

/// `hull export`
enum ContainerExport {
  static let command = Command(
    name: "export", summary: "Export a container's filesystem as a tar archive", usage: "[OPTIONS] CONTAINER",
    aliases: ["container export", "export"], arguments: .exactly(1), completion: .containers,
    flags: { [.string("output,o", "Write to a file, instead of STDOUT")] },
    run: { call in
      let target = try ArchiveOutput(call.string("output"), failing: "failed to export container")
      let response = try call.engine().send("GET", call.container(call.arguments[0], "/export"))
      try target.write(response)
      return 0
    })
}
