// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import GRPCCore
import OCISpec

/// What clients want to know of sources before they use them.
extension GatewayService {
  func registerFacts<T: ServerTransport>(with router: inout RPCRouter<T>) {
    router.unary(ServiceName.gateway, "ResolveSourceMeta") { (request: GatewayResolveSourceMetaRequest, metadata) in
      guard request.hasSource else { throw HullError(.invalidArgument, "source is required") }
      try request.checkKind()
      let (source, job) = (SourcePolicy.Source(request.source.identifier, request.source.attrs), try await job(metadata))
      var answer = GatewayResolveSourceMetaResponse()
      answer.source = request.source
      try answer.add(try await facts(source, request.hasPlatform ? request.platform : nil, job))
      return answer
    }
    router.unary(ServiceName.gateway, "ResolveImageConfig") { (request: GatewayResolveImageConfigRequest, metadata) in
      let (source, job) = (SourcePolicy.Source("docker-image://\(request.ref)"), try await job(metadata))
      var found = GatewayResolveSourceMetaResponse()
      try found.add(try await facts(source, request.hasPlatform ? request.platform : nil, job))
      var answer = GatewayResolveImageConfigResponse()
      (answer.digest, answer.config, answer.ref) = (found.image.digest, found.image.config, request.ref)
      return answer
    }
  }

  /// What the client's rules put in the source's place counts, and what they deny is not told of.
  private func facts(_ source: SourcePolicy.Source, _ platform: LLBPlatform?, _ job: BuildJob) async throws -> SourceFacts {
    let allowed = try SourcePolicy(job.request.sourcePolicy).source(for: source)
    return try await backend.facts(of: allowed, platform: platform.map(Platform.init) ?? .host, job.session)
  }
}
