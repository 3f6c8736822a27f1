// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import FoundationEssentials
import OCISpec
import SwiftProtobuf

/// The client's own judgement of sources (BuildKit's policy sessions): it is asked about each, may want to know more of it first, and then allows it, denies
/// it, or puts another in its place, about which it is asked again.
struct PolicyJudge: Sendable {
  /// Asks the client once.
  let ask: @Sendable (PolicyCheckPolicyRequest) async throws -> PolicyCheckPolicyResponse

  private static let mostQuestions = 10

  /// - Returns: the source to take. Throws `forbidden` for one that is denied.
  func judge(_ source: SourcePolicy.Source, platform: Platform, _ inquire: SourceInquiry) async throws -> SourcePolicy.Source {
    var (source, question) = (source, PolicyCheckPolicyRequest(source, platform))
    for _ in 0..<Self.mostQuestions {
      switch try await ask(question).result {
      case .request(let wish):
        try wish.check(source)
        try question.source.add(try await inquire(source))
      case .decision(let decision):
        guard let next = try decision.verdict(source) else { return source }
        source = next
        question = PolicyCheckPolicyRequest(source, platform)
      case nil: throw HullError(.invalidArgument, "no decision in policy response")
      }
    }
    throw HullError(.invalidArgument, "source \(quoted(source.name)): too many policy requests")
  }
}

extension PolicyJudge {
  /// Throws `invalidArgument` for a session that cannot be asked.
  init(_ session: ClientSession) throws(HullError) {
    guard session.offers(ServiceName.policy, "CheckPolicy") else {
      throw HullError(.invalidArgument, "the client wants to be asked about sources, but its session does not answer: check the client's policy")
    }
    ask = { try await session.call(ServiceName.policy, "CheckPolicy", $0) }
  }
}

extension PolicyCheckPolicyRequest {
  fileprivate init(_ source: SourcePolicy.Source, _ platform: Platform) {
    self.init()
    self.platform = LLBPlatform(platform)
    (self.source.source.identifier, self.source.source.attrs) = (source.name, source.attributes)
  }
}

extension PolicyDecisionResponse {
  /// The source that takes the place of one; `nil`: it is allowed.
  fileprivate func verdict(_ source: SourcePolicy.Source) throws(HullError) -> SourcePolicy.Source? {
    switch action {
    case .allow: return nil
    case .convert:
      guard hasUpdate else { throw HullError(.invalidArgument, "convert action requires updated source") }
      return SourcePolicy.Source(update.identifier, update.attrs)
    case .deny, .UNRECOGNIZED: throw HullError(.forbidden, "source \(quoted(source.name)) not allowed by policy: action DENY")
    }
  }
}

extension GatewayResolveSourceMetaRequest {
  /// Throws for questions about another source, and for those that cannot be answered.
  fileprivate func check(_ asked: SourcePolicy.Source) throws(HullError) {
    guard SourcePolicy.Source(source.identifier, source.attrs) == asked else {
      throw HullError(.invalidArgument, "policy requested different source: \(quoted(source.identifier)) instead of \(quoted(asked.name))")
    }
    try checkKind()
  }

  /// Throws `unsupported` for questions that only signatures and attestations answer.
  func checkKind() throws(HullError) {
    guard !image.attestationChain, image.resolveAttestations.isEmpty, !git.returnObject, !http.hasChecksumRequest else {
      throw HullError(.unsupported, "source \(quoted(source.identifier)): policies that look at signatures or attestations cannot be followed")
    }
  }
}

extension GatewayResolveSourceMetaResponse {
  mutating func add(_ facts: SourceFacts) throws {
    switch facts {
    case .image(let target, let config):
      (image.digest, image.config) = (target.description, try JSONEncoder().encode(config))
    case .repository(let revision):
      (git.checksum, git.ref) = (revision.object, revision.name)
      if revision.commit != revision.object { git.commitChecksum = revision.commit }
    case .file(let digest, let name, let modified):
      (http.checksum, http.filename) = (digest.description, name)
      if let modified { http.lastModified = Google_Protobuf_Timestamp(seconds: modified) }
    }
  }
}
