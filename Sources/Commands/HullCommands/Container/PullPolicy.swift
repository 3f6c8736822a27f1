// SPDX-License-Identifier: Apache-2.0
import Errors

/// `--pull`: when the image that a container is made from is fetched.
struct PullPolicy {
  private let call: Invocation
  private let engine: EngineClient
  private let word: String

  /// Throws for a word that is none of docker's.
  init(_ call: Invocation, _ engine: EngineClient) throws {
    word = call.string("pull")
    guard ["always", "missing", "never", ""].contains(word) else {
      throw HullError(.invalidArgument, "invalid pull option: '\(word)': must be one of \"always\", \"missing\" or \"never\"")
    }
    self.call = call
    self.engine = engine
  }

  /// Sends the request, and again when the image that it lacked has come.
  func apply(to image: String, _ request: () throws -> JSON) throws -> JSON {
    if word == "always" { try pull(image) }
    do {
      return try request()
    } catch let failure as EngineFailure where failure.status == 404 && failure.message.lowercased().contains("no such image") && word == "missing" {
      if !call.bool("quiet") { call.out.error("Unable to find image '\(ImageName.withTag(image))' locally") }
      try pull(image)
      return try request()
    }
  }

  private func pull(_ image: String) throws {
    try ImagePull.pull(image, platform: call.string("platform"), quiet: call.bool("quiet"), engine: engine)
  }
}
