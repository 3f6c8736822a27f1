// SPDX-License-Identifier: Apache-2.0
import Errors

/// Fetching an image that `run` or `create` need; what happens is told on standard error.
enum ImagePull {
  static func pull(_ image: String, platform: String, quiet: Bool, engine: EngineClient) throws {
    let (name, digest) = Text.cut(image, "@") ?? (image, "")
    let (repository, tag) = digest.isEmpty ? ImageName.parts(name) : (name, digest)
    var query: EngineClient.Query = [("fromImage", repository), ("tag", tag.isEmpty ? "latest" : tag)]
    if !platform.isEmpty { query.append(("platform", platform)) }
    do {
      var stream = ProgressStream(try engine.send("POST", "/images/create", query: query))
      try stream.show(quiet: quiet, isError: true)
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
