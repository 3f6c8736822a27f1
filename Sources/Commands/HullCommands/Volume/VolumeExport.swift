// SPDX-License-Identifier: Apache-2.0

/// `hull volume export`
enum VolumeExport {
  static let command = Command(
    name: "export", summary: "Export a volume's content as a tar archive", usage: "[OPTIONS] VOLUME", arguments: .exactly(1), completion: .volumes,
    flags: { [.string("output,o", "Write to a file, instead of STDOUT")] },
    run: { call in
      let target = try ArchiveOutput(call.string("output"), failing: "failed to export volume")
      try target.write(call.engine().send("GET", call.volume(call.arguments[0], "/archive")))
      return 0
    })
}
