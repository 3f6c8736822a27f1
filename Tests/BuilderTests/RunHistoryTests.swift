// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec
import Testing

@testable import Builder

/// Any image, with nothing in it.
private struct EmptyImages: BaseImages {
  func image(_ name: String, platform: Platform, pull: Bool) async throws -> BaseImage {
    BaseImage(id: SHA256.digest(of: name), config: ImageConfig(platform: platform), target: SHA256.digest(of: name))
  }

  func image(_ address: LayoutAddress, platform: Platform, name: String) async throws -> BaseImage {
    throw HullError(.notFound, name)
  }
}

@Suite("What the history says of commands")
struct RunHistoryTests {
  private func history(_ text: String) async throws -> [String] {
    let dockerfile = try DockerfileParser.parse(Array(text.utf8))
    var planner = Planner(
      request: BuildRequest(id: "b"), dockerfile: dockerfile, platform: .host, images: EmptyImages(), ignored: [], steps: StepTable())
    return try await planner.plan().target.history.map(\.createdBy).filter { $0.hasPrefix("RUN") }
  }

  @Test func argumentsAreWhereTheyWereFirstDeclared() async throws {
    #expect(
      try await history("FROM a\nARG foo=bar\nARG bar=123\nARG foo=bar2\nRUN b") == ["RUN |2 foo=bar2 bar=123 /bin/sh -c b # buildkit"])
  }

  @Test func argumentsWithoutAValueAndThoseThatTheEnvironmentCoversAreShownToo() async throws {
    #expect(try await history("FROM a\nARG empty\nARG own=x\nENV own=y\nRUN b") == ["RUN |2 empty= own=y /bin/sh -c b # buildkit"])
  }
}
