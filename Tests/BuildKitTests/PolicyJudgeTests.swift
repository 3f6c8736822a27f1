// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Errors
import OCISpec
import Synchronization
import Testing

@testable import BuildKitAPI
@testable import Builder

@Suite("What clients say of sources")
struct PolicyJudgeTests {
  private let image = SourcePolicy.Source("docker-image://docker.io/library/a:latest")

  /// Asks somebody who gives these answers, one after the other.
  /// - Returns: the source to take, and the questions.
  private func judge(
    _ source: SourcePolicy.Source, _ answers: [PolicyCheckPolicyResponse], _ facts: SourceFacts? = nil
  ) async throws -> (SourcePolicy.Source, [PolicyCheckPolicyRequest]) {
    let left = Mutex(answers)
    let asked = Mutex<[PolicyCheckPolicyRequest]>([])
    let judge = PolicyJudge { question in
      asked.withLock { $0.append(question) }
      return left.withLock { $0.isEmpty ? PolicyCheckPolicyResponse() : $0.removeFirst() }
    }
    let allowed = try await judge.judge(source, platform: Platform(os: "linux", architecture: "arm64")) { _ in
      guard let facts else { throw HullError(.internalError, "nobody wants to know") }
      return facts
    }
    return (allowed, asked.withLock { $0 })
  }

  private func decision(_ action: ControlPolicyAction, to update: String? = nil) -> PolicyCheckPolicyResponse {
    var answer = PolicyCheckPolicyResponse()
    answer.decision.action = action
    if let update { answer.decision.update.identifier = update }
    return answer
  }

  private func wish(_ source: SourcePolicy.Source) -> PolicyCheckPolicyResponse {
    var answer = PolicyCheckPolicyResponse()
    (answer.request.source.identifier, answer.request.source.attrs) = (source.name, source.attributes)
    return answer
  }

  @Test func whatIsAllowedStays() async throws {
    let (allowed, asked) = try await judge(image, [decision(.allow)])
    #expect(allowed == image)
    #expect(asked.map(\.source.source.identifier) == [image.name] && asked[0].platform.architecture == "arm64")
  }

  @Test func whatIsDeniedIsRefused() async {
    await #expect { _ = try await judge(image, [decision(.deny)]) } throws: { "\($0)".contains("not allowed by policy: action DENY") }
  }

  @Test func theClientIsAskedAboutWhatItPutsInAPlace() async throws {
    let pinned = "docker-image://docker.io/library/a@sha256:0"
    let (allowed, asked) = try await judge(image, [decision(.convert, to: pinned), decision(.allow)])
    #expect(allowed.name == pinned)
    #expect(asked.map(\.source.source.identifier) == [image.name, pinned])
    await #expect(throws: HullError.self) { _ = try await judge(image, [decision(.convert, to: pinned), decision(.deny)]) }
  }

  @Test func theClientGetsToKnowMore() async throws {
    let target = Digest(sha256: Array(repeating: 3, count: 32))
    let facts = SourceFacts.image(target: target, config: ImageConfig(platform: Platform(os: "linux", architecture: "arm64")))
    let (_, asked) = try await judge(image, [wish(image), decision(.allow)], facts)
    #expect(asked.count == 2 && asked[1].source.image.digest == target.description)
    #expect(String(decoding: asked[1].source.image.config, as: UTF8.self).contains("arm64"))
    let file = SourcePolicy.Source("https://h/f", ["http.checksum": "sha256:0"])
    let (_, about) = try await judge(file, [wish(file), decision(.allow)], .file(digest: target, name: "f", modified: 7))
    #expect(about[1].source.http.checksum == target.description && about[1].source.http.filename == "f")
    let git = SourcePolicy.Source("git://h/r.git")
    let (_, told) = try await judge(git, [wish(git), decision(.allow)], .repository(GitRevision(name: "refs/tags/v1", object: "a", tagged: "b")))
    #expect(told[1].source.git.checksum == "a" && told[1].source.git.commitChecksum == "b" && told[1].source.git.ref == "refs/tags/v1")
  }

  @Test func questionsThatCannotBeAnsweredAreErrors() async {
    var signatures = wish(image)
    signatures.request.image.attestationChain = true
    let other = wish(SourcePolicy.Source("docker-image://docker.io/library/b:latest"))
    let endless = Array(repeating: decision(.convert, to: image.name), count: 30)
    for answers in [[signatures], [other], [PolicyCheckPolicyResponse()], endless] {
      await #expect(throws: HullError.self) { _ = try await judge(image, answers) }
    }
  }
}
