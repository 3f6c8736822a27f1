// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `hull volume import`
enum VolumeImport {
  static let command = Command(
    name: "import", summary: "Make a volume from a tar archive or STDIN",
    details: """
      The archive may be plain, gzip or zstd; it is read from STDIN unless --input names a file. What cannot be unpacked
      whole leaves nothing behind.
      """, usage: "[OPTIONS] VOLUME", arguments: .exactly(1), completion: .volumes,
    flags: {
      [
        .string("input,i", "Read from tar archive file, instead of STDIN"), .list("label", "Set metadata for the new volume"),
        .bool("replace", "Replace the content of a volume that is there"), .string("size", "How much the new volume may hold (10m, 2g)"),
        .bool("force,f", "Do not prompt for confirmation"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let (name, path) = (call.arguments[0], call.string("input"))
    var descriptor: Int32 = 0
    if !path.isEmpty {
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw FileError(path: path, verb: "open", code: errno) }
    } else if Terminal.isTerminal(0) {
      throw HullError(.invalidArgument, "requested import from stdin, but stdin is empty")
    }
    defer { if descriptor > 0 { close(descriptor) } }
    guard try confirmed(call, name) else { return 0 }
    _ = try call.engine().upload("PUT", call.volume(name, "/archive"), query: query(call), contentType: "application/x-tar") {
      try Files.readSome(descriptor, path: path.isEmpty ? "standard input" : path, limit: 1 << 18)
    }.readAll()
    call.out.line(name)
    return 0
  }

  /// A person at a terminal is asked before content goes.
  private static func confirmed(_ call: Invocation, _ name: String) throws -> Bool {
    guard call.bool("replace"), !call.bool("force"), Terminal.isTerminal(0) else { return true }
    return call.confirms("WARNING! This will replace the content of volume \(name).\nAre you sure you want to continue?")
  }

  private static func query(_ call: Invocation) -> EngineClient.Query {
    var query: EngineClient.Query = call.bool("replace") ? [("replace", "1")] : []
    if call.changed("size") { query.append(("size", call.string("size"))) }
    if call.changed("label") { query.append(("labels", VolumeCreate.map(call.list("label")).encoded())) }
    return query
  }
}
