// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `hull import`
enum ImageImport {
  static let command = Command(
    name: "import", summary: "Import the contents from a tarball to create a filesystem image", usage: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
    aliases: ["image import", "import"], arguments: .between(1, 2), completion: .files,
    flags: {
      [
        .list("change,c", "Apply Dockerfile instruction to the created image"), .string("message,m", "Set commit message for imported image"),
        .string("platform", "Set platform if server is multi-platform capable"),
      ]
    }, run: run)

  /// What an import makes of an archive.
  struct Options {
    var reference = ""
    var changes: [String] = []
    var message = ""
    var platform = ""
    var source = "-"

    var query: EngineClient.Query {
      let (repository, tag) = ImageName.parts(reference)
      var query: EngineClient.Query = [("fromSrc", source)]
      if !repository.isEmpty { query += [("repo", repository), ("tag", tag)] }
      if !message.isEmpty { query.append(("message", message)) }
      if !platform.isEmpty { query.append(("platform", platform)) }
      return query + changes.map { ("changes", $0) }
    }
  }

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    var options = Options(
      reference: call.arguments.count > 1 ? call.arguments[1] : "", changes: call.list("change"), message: call.string("message"),
      platform: call.string("platform"))
    let source = call.arguments[0]
    let engine = try call.engine()
    if source.hasPrefix("http://") || source.hasPrefix("https://") {
      options.source = source
      var stream = ProgressStream(try engine.send("POST", "/images/create", query: options.query))
      try stream.show(quiet: false)
      return 0
    }
    let descriptor = source == "-" ? 0 : open(source, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: source, verb: "open", code: errno) }
    defer { if descriptor > 0 { close(descriptor) } }
    call.out.line(try send(options, to: engine) { try Files.readSome(descriptor, path: source, limit: 1 << 18) })
    return 0
  }

  /// Sends the archive; the new image's ID.
  static func send(_ options: Options, to engine: EngineClient, _ source: () throws -> [UInt8]) throws -> String {
    var stream = ProgressStream(try engine.upload("POST", "/images/create", query: options.query, contentType: "application/x-tar", source: source))
    var id = ""
    while let message = try stream.next() { if let status = message["status"].string { id = status } }
    return id
  }
}
