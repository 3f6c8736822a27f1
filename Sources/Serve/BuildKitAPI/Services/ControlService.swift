// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Dockerfile
import Errors
import GRPCCore
import OCISpec

/// The service Control: builds, their progress, workers, the cache.
struct ControlService: Sendable {
  let backend: any BuildBackend
  let builds: Builds
  /// Makes a session of what a client says of it.
  let session: @Sendable (Metadata) throws -> TunnelledSession

  func register<T: ServerTransport>(with router: inout RPCRouter<T>) {
    let name = ServiceName.control
    router.unary(name, "Info") { (_: ControlInfoRequest, _) in
      var answer = ControlInfoResponse()
      answer.buildkitVersion = version
      return answer
    }
    router.unary(name, "ListWorkers") { (_: ControlListWorkersRequest, _) in
      var answer = ControlListWorkersResponse()
      answer.record = [await worker]
      return answer
    }
    router.unary(name, "Solve") { (request: ControlSolveRequest, _) in try await builds.solve(request) }
    router.stream(name, "Status") { (request: ControlStatusRequest, writer) in try await builds.status(request.ref, to: writer) }
    router.unary(name, "DiskUsage") { (request: ControlDiskUsageRequest, _) in
      var answer = ControlDiskUsageResponse()
      answer.record = try await backend.cacheRecords(request.filter).map(ControlUsageRecord.init)
      return answer
    }
    router.stream(name, "Prune") { (request: ControlPruneRequest, writer: RPCWriter<ControlUsageRecord>) in
      for record in try await backend.prune(BuildCacheLimits(request)) { try await writer.write(ControlUsageRecord(record)) }
    }
    router.converse(name, "Session") { (messages, metadata, writer) in try await session(metadata).run(messages, writer) }
    router.stream(name, "ListenBuildHistory", header: Self.time) { (request: ControlBuildHistoryRequest, writer) in
      try await builds.follow(request, to: writer)
    }
    router.unary(name, "UpdateBuildHistory") { (request: ControlUpdateBuildHistoryRequest, _) in
      try await builds.update(request)
      return ControlUpdateBuildHistoryResponse()
    }
  }

  /// By it clients tell how long a build has been running.
  @Sendable private static func time() -> Metadata {
    ["buildkit-current-timestamp": .string(RFC3339.text(nanoseconds: ProgressTranslation.now))]
  }

  /// The one worker, which is this engine.
  var worker: BuildKitWorkerRecord {
    get async {
      var worker = BuildKitWorkerRecord()
      worker.id = "hull"
      worker.labels = [
        "org.mobyproject.buildkit.worker.executor": "hull",
        // Its presence tells clients of the docker driver that images of several platforms, pushes, caches and archives come from the builder.
        "org.mobyproject.buildkit.worker.snapshotter": "hull",
      ]
      // Clients put the address in place of `host-gateway` themselves.
      worker.labels["org.mobyproject.buildkit.worker.moby.host-gateway-ip"] = backend.hostGateway
      worker.platforms = await backend.platforms.map(LLBPlatform.init)
      worker.buildkitVersion = version
      return worker
    }
  }

  private var version: BuildKitBuildkitVersion {
    var version = BuildKitBuildkitVersion()
    (version.package, version.version, version.dockerfileVersion) = ("hull", "v\(backend.version)", DockerfileSyntax.version)
    return version
  }
}
