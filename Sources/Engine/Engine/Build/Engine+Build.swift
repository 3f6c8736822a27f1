// SPDX-License-Identifier: Apache-2.0
import Builder
import DockerAPI
import Errors
import ImageStore
import OCISpec
import Threads

extension Engine {
  /// Builds. Cancelling the task cancels the build.
  package func build(_ request: BuildRequest, session: any BuildSession, progress: @escaping BuildProgress) async throws -> BuildResult {
    services.lookup.forget()
    defer { services.lookup.forget() }
    let result = try await services.builder.build(request, session: session, progress: progress)
    await announce(result)
    return result
  }

  /// A build whose parts are asked for one by one. It has to be closed.
  package func openBuild(_ request: BuildRequest, session: any BuildSession, progress: @escaping BuildProgress) async throws -> OpenBuild {
    try await services.builder.open(request, session: session, progress: progress)
  }

  /// Makes the outputs of an open build.
  /// - Parameter images: in the place of its own; `nil`: those.
  package func export(_ build: OpenBuild, _ images: [MadeImage]?) async throws -> BuildResult {
    services.lookup.forget()
    defer { services.lookup.forget() }
    let result = try await build.export(images)
    await announce(result)
    return result
  }

  private func announce(_ result: BuildResult) async {
    for image in result.images {
      for action in ["create", "build"] { services.events.publish("image", action, id: image.id.description, attributes: [:]) }
    }
    for tag in result.tags {
      let id = result.images.first?.id.description ?? ""
      services.events.publish("image", "tag", id: id, attributes: ["name": tag.familiar])
    }
    await services.disk.enforce()
  }

  /// What `host-gateway` stands for in builds.
  package var hostGateway: String? { services.hostGateways.first }

  /// What lies elsewhere, as builds fetch it.
  package var buildSources: BuildSources { services.builder.sources }

  /// What there is to know of a source of a build; see `Builder.facts`.
  package func facts(of source: SourcePolicy.Source, platform: Platform, session: any BuildSession) async throws -> SourceFacts {
    try await services.builder.facts(of: source, platform: platform, session: session)
  }

  /// What clients of builds need not send again.
  package var buildContexts: ContextStore { services.builder.contexts }

  /// Where a blob of the store lies; `nil`: it is not here. Blocking.
  package func blobPath(_ digest: Digest) -> String? {
    let blobs = services.images.blobs
    return blobs.size(of: digest) == nil ? nil : blobs.path(of: digest)
  }

  /// Cancels the build of that ID; nothing happens when there is none.
  package func cancelBuild(_ id: String) async { services.builder.cancel(id) }
}

/// Commands of builds run as the engine's containers do.
struct EngineStepRunner: StepRunner {
  /// They own the builder, which owns this.
  unowned let services: Services

  func run(_ run: StepRun) async throws -> StepOutcome { try await StepContainer(run, services: services).execute() }
}
