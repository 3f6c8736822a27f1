// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull push`
enum ImagePush {
  static let command = Command(
    name: "push", summary: "Upload an image to a registry", usage: "[OPTIONS] NAME[:TAG]", aliases: ["image push", "push"], arguments: .exactly(1),
    completion: .images,
    flags: {
      [
        .bool("all-tags,a", "Push all tags of an image to the repository"),
        .string("compression", "Of layers that were made here: gzip (the default), zstd or uncompressed"),
        .string("platform", "Push a platform-specific manifest as a single-platform image to the registry (os[/arch[/variant]])"),
        .bool("quiet,q", "Suppress verbose output"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let (repository, tag) = ImageName.parts(call.arguments[0])
    let (all, quiet) = (call.bool("all-tags"), call.bool("quiet"))
    if repository.contains("@") { throw ExitStatus(1, "cannot push a digest reference") }
    if all, !tag.isEmpty { throw ExitStatus(1, "tag can't be used with --all-tags/-a") }
    if !all, tag.isEmpty, !quiet { call.out.line("Using default tag: latest") }
    let query: EngineClient.Query = (all ? [] : [("tag", tag.isEmpty ? "latest" : tag)]) + call.platformQuery + call.compressionQuery
    let account = try Account.header(forImage: repository)
    var stream = ProgressStream(try call.engine().send("POST", call.image(repository, "/push"), query: query, headers: [account]))
    try stream.show(quiet: quiet)
    if quiet { call.out.line(ImageName.canonical(all ? repository : "\(repository):\(tag.isEmpty ? "latest" : tag)")) }
    return 0
  }
}

extension Invocation {
  fileprivate var compressionQuery: EngineClient.Query { string("compression").isEmpty ? [] : [("compression", string("compression"))] }
}
