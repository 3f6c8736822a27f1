// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Errors
import GRPCCore

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
      answer.buildkitVersion = worker.buildkitVersion
      return answer
    }
    router.unary(name, "ListWorkers") { (_: ControlListWorkersRequest, _) in
      var answer = ControlListWorkersResponse()
      answer.record = [worker]
      return answer
    }
    router.unary(name, "Solve") { (request: ControlSolveRequest, _) in try await builds.solve(request) }
    router.stream(name, "Status") { (request: ControlStatusRequest, writer) in try await builds.status(request.ref, to: writer) }
    router.unary(name, "DiskUsage") { (_: ControlDiskUsageRequest, _) in
      var answer = ControlDiskUsageResponse()
      answer.record = try await backend.cacheRecords().map(ControlUsageRecord.init)
      return answer
    }
    router.stream(name, "Prune") { (request: ControlPruneRequest, writer: RPCWriter<ControlUsageRecord>) in
      for record in try await backend.prune(BuildCacheLimits(request)) { try await writer.write(ControlUsageRecord(record)) }
    }
    router.converse(name, "Session") { (messages, metadata, writer) in try await session(metadata).run(messages, writer) }
    // Builds are not kept after they end: the history is what runs.
    router.stream(name, "ListenBuildHistory") { (request: ControlBuildHistoryRequest, writer) in
      try await builds.history(request, to: writer)
    }
    router.unary(name, "UpdateBuildHistory") { (request: ControlUpdateBuildHistoryRequest, _) -> ControlUpdateBuildHistoryResponse in
      if request.delete || request.pinned { throw HullError(.notFound, "build \(request.ref) is not in the history") }
      return ControlUpdateBuildHistoryResponse()
    }
  }

  /// The one worker, which is this engine.
  var worker: BuildKitWorkerRecord {
    var worker = BuildKitWorkerRecord()
    worker.id = "hull"
    worker.labels = [
      "org.mobyproject.buildkit.worker.executor": "hull",
      // Its presence tells clients of the docker driver that images of several platforms, pushes, caches and archives come from the builder.
      "org.mobyproject.buildkit.worker.snapshotter": "hull",
    ]
    // Clients put the address in place of `host-gateway` themselves.
    worker.labels["org.mobyproject.buildkit.worker.moby.host-gateway-ip"] = backend.hostGateway
    worker.platforms = backend.platforms.map(LLBPlatform.init)
    worker.buildkitVersion.package = "hull"
    worker.buildkitVersion.version = "v\(backend.version)"
    return worker
  }
}
