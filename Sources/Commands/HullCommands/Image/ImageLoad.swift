// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `hull load`
enum ImageLoad {
  static let command = Command(
    name: "load", summary: "Load an image from a tar archive or STDIN", usage: "[OPTIONS]", aliases: ["image load", "load"],
    flags: {
      [
        .string("input,i", "Read from tar archive file, instead of STDIN"), .string("platform", "Load only the given platform variant"),
        .bool("quiet,q", "Suppress the load output"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let path = call.string("input")
    var descriptor: Int32 = 0
    if !path.isEmpty {
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw FileError(path: path, verb: "open", code: errno) }
    } else if Terminal.isTerminal(0) {
      throw HullError(.invalidArgument, "requested load from stdin, but stdin is empty")
    }
    defer { if descriptor > 0 { close(descriptor) } }
    let query: EngineClient.Query = [("quiet", call.bool("quiet") || !Terminal.isTerminal(1) ? "1" : "0")] + call.platformQuery
    let response = try call.engine().upload("POST", "/images/load", query: query, contentType: "application/x-tar") {
      try Files.readSome(descriptor, path: path.isEmpty ? "standard input" : path, limit: 1 << 18)
    }
    if response.head.header("content-type")?.hasPrefix("application/json") == true {
      var stream = ProgressStream(response)
      try stream.show(quiet: true)
    } else {
      while case let bytes = try response.read(), !bytes.isEmpty { call.out.write(bytes) }
    }
    return 0
  }
}
