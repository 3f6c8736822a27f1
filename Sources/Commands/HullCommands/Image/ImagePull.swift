// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull pull`, and fetching an image that `run` or `create` need.
enum ImagePull {
  static let command = Command(
    name: "pull", summary: "Download an image from a registry", usage: "[OPTIONS] NAME[:TAG|@DIGEST]", aliases: ["image pull", "pull"],
    arguments: .exactly(1), completion: .images,
    flags: {
      [
        .bool("all-tags,a", "Download all tagged images in the repository"),
        .string("platform", "Set platform if server is multi-platform capable"), .bool("quiet,q", "Suppress verbose output"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let name = call.arguments[0]
    let (all, quiet) = (call.bool("all-tags"), call.bool("quiet"))
    if all, !ImageName.isRepository(name) { throw ExitStatus(1, "tag can't be used with --all-tags/-a") }
    if !all, !quiet, ImageName.isRepository(name) { call.out.line("Using default tag: latest") }
    try pull(name, platform: call.string("platform"), quiet: quiet, allTags: all, isError: false, engine: call.engine())
    call.out.line(all ? ImageName.canonical(name) : ImageName.canonical(ImageName.isRepository(name) ? "\(name):latest" : name))
    return 0
  }

  /// Fetches an image, or every tag of a repository, with the account that is kept for its registry.
  static func pull(_ image: String, platform: String, quiet: Bool, allTags: Bool = false, isError: Bool = true, engine: EngineClient) throws {
    let (name, digest) = Text.cut(image, "@") ?? (image, "")
    let (repository, tag) = digest.isEmpty ? ImageName.parts(name) : (name, digest)
    var query: EngineClient.Query = [("fromImage", repository)]
    if !allTags { query.append(("tag", tag.isEmpty ? "latest" : tag)) }
    if !platform.isEmpty { query.append(("platform", platform)) }
    do {
      let account = try Account.header(forImage: repository)
      var stream = ProgressStream(try engine.send("POST", "/images/create", query: query, headers: [account]))
      try stream.show(quiet: quiet, isError: isError)
    } catch let failure as EngineFailure {
      throw EngineFailure(status: failure.status, message: failure.message + hint(repository))
    }
  }

  /// Images that this machine's own packages can make.
  private static func hint(_ repository: String) -> String {
    let name = ImageName.familiar(repository)
    guard name == "busybox" || name == "debian" else { return "" }
    return "\n\nThis image can be made from this machine's own packages: hull image bootstrap \(name)"
  }
}

extension EngineFailure {
  init(status: Int, message: String) {
    self.status = status
    self.message = message
  }
}
