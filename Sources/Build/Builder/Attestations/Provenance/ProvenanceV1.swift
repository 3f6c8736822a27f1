// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import OCISpec

/// SLSA Provenance v1 with BuildKit's additions.
struct ProvenanceV1: Encodable, Sendable {
  struct Source: Encodable {
    var uri: String?
    var digest: [String: String]?
    var path: String
  }
  struct External: Encodable {
    var configSource: Source
    var request: RequestParameters
  }
  struct Internal: Encodable {
    var buildConfig: BuildConfiguration?
    var builderPlatform: String
    var dockerfileVersion: String?
  }
  struct Definition: Encodable {
    let buildType = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md"
    var externalParameters: External
    var internalParameters: Internal
    var resolvedDependencies: [Provenance.Material]

    enum CodingKeys: String, CodingKey { case buildType, externalParameters, internalParameters, resolvedDependencies }
  }
  struct Builder: Encodable { var id: String }
  struct Completeness: Encodable {
    var request: Bool
    var resolvedDependencies: Bool
  }
  struct Metadata: Encodable {
    var invocationId: String
    var startedOn: String
    var finishedOn: String
    var extra: BuildMetadata
    var hermetic: Bool?
    var completeness: Completeness
    var reproducible: Bool?

    enum CodingKeys: String, CodingKey {
      case invocationId, startedOn, finishedOn
      case extra = "buildkit_metadata"
      case hermetic = "buildkit_hermetic"
      case completeness = "buildkit_completeness"
      case reproducible = "buildkit_reproducible"
    }
  }
  struct Details: Encodable {
    var builder: Builder
    var metadata: Metadata
  }

  let buildDefinition: Definition
  let runDetails: Details

  init(_ facts: Provenance) {
    let graph = facts.graph
    buildDefinition = Definition(
      externalParameters: External(
        configSource: Source(uri: facts.source.uri, digest: facts.source.digest, path: facts.source.path), request: facts.parameters),
      internalParameters: Internal(
        buildConfig: graph?.configuration, builderPlatform: Platform.host.description,
        dockerfileVersion: facts.request.graph == nil ? DockerfileSyntax.version : nil),
      resolvedDependencies: facts.materials)
    runDetails = Details(
      builder: Builder(id: facts.options.builderID),
      metadata: Metadata(
        invocationId: facts.request.id, startedOn: RFC3339.text(nanoseconds: facts.origin.started),
        finishedOn: RFC3339.text(nanoseconds: facts.finished), extra: BuildMetadata(facts.request, graph), hermetic: facts.isHermetic ? true : nil,
        completeness: Completeness(request: facts.parameters.isComplete, resolvedDependencies: facts.hasAllMaterials),
        reproducible: facts.options.isReproducible ? true : nil))
  }
}
