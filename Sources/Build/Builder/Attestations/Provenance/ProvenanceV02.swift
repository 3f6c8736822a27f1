// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import OCISpec

/// SLSA Provenance v0.2 with BuildKit's additions.
struct ProvenanceV02: Encodable, Sendable {
  struct Builder: Encodable { var id: String }
  struct Source: Encodable {
    var uri: String?
    var digest: [String: String]?
    var entryPoint: String
  }
  struct Environment: Encodable {
    var platform: String
    var dockerfileVersion: String?
  }
  struct Invocation: Encodable {
    var configSource: Source
    var parameters: RequestParameters
    var environment: Environment
  }
  struct Completeness: Encodable {
    var parameters: Bool
    var environment = true
    var materials: Bool
  }
  struct Metadata: Encodable {
    var buildInvocationID: String
    var buildStartedOn: String
    var buildFinishedOn: String
    var completeness: Completeness
    var reproducible: Bool
    var extra: BuildMetadata
    var hermetic: Bool?

    enum CodingKeys: String, CodingKey {
      case buildInvocationID, buildStartedOn, buildFinishedOn, completeness, reproducible
      case extra = "https://mobyproject.org/buildkit@v1#metadata"
      case hermetic = "https://mobyproject.org/buildkit@v1#hermetic"
    }
  }

  let builder: Builder
  let buildType = "https://mobyproject.org/buildkit@v1"
  let materials: [Provenance.Material]
  let invocation: Invocation
  let buildConfig: BuildConfiguration?
  let metadata: Metadata

  enum CodingKeys: String, CodingKey { case builder, buildType, materials, invocation, buildConfig, metadata }

  init(_ facts: Provenance) {
    let graph = facts.graph
    builder = Builder(id: facts.options.builderID)
    materials = facts.materials
    invocation = Invocation(
      configSource: Source(uri: facts.source.uri, digest: facts.source.digest, entryPoint: facts.source.path), parameters: facts.parameters,
      environment: Environment(
        platform: Platform.host.description, dockerfileVersion: facts.request.graph == nil ? DockerfileSyntax.version : nil))
    buildConfig = graph?.configuration
    metadata = Metadata(
      buildInvocationID: facts.request.id, buildStartedOn: RFC3339.text(nanoseconds: facts.origin.started),
      buildFinishedOn: RFC3339.text(nanoseconds: facts.finished),
      completeness: Completeness(parameters: facts.parameters.isComplete, materials: facts.hasAllMaterials),
      reproducible: facts.options.isReproducible, extra: BuildMetadata(facts.request, graph), hermetic: facts.isHermetic ? true : nil)
  }
}
