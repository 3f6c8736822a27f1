// SPDX-License-Identifier: Apache-2.0
import Archive
import Builder
import DockerAPI
import Engine
import Errors
import Threads

/// Builds, as Docker's first builder offers them, and the build cache.
extension EngineAPI {
  func addBuildRoutes(to router: Router) {
    let (engine, contexts, buildKit) = (engine, engine.buildContexts, buildKit)
    router.add("POST", "/hull/build") { _ in .hijack(try HullBuild.hijack(engine, buildKit, contexts)) }
    router.add("POST", "/build") { context in
      let query = try BuildQuery(context.query, id: Self.buildID())
      let credentials = BuildCredentials(header: context.request.head.headers.first(name: "X-Registry-Config"))
      return .stream(
        StreamResponse(headers: Response.jsonHeaders) { writer in
          let upload = try await query.request.remoteContext == nil ? ContextUpload(context.request, keptIn: engine.configuration.root) : nil
          var build = ClassicBuild(engine: engine, buildKit: buildKit, query: query, upload: upload, credentials: credentials, writer: writer)
          try await build.run()
        })
    }
    router.add("POST", "/build/prune") { context in try .json(BuildCachePruneReport(try await engine.pruneBuildCache(try Self.prune(context.query))))
    }
    router.add("POST", "/build/cancel") { context in
      guard let id = context.query.text("id") else { throw HullError(.invalidArgument, "build ID not provided") }
      await engine.cancelBuild(id)
      return .empty(.ok)
    }
  }

  static func buildID() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<2).map { _ in
      let digits = String(generator.next() as UInt64, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  private static func prune(_ query: Query) throws(HullError) -> BuildCachePrune {
    var limits = BuildCachePrune()
    limits.all = query.bool("all")
    // `keep-storage` is the older name.
    limits.reservedSpace = Int64(try query.int(query.contains("reserved-space") ? "reserved-space" : "keep-storage") ?? 0)
    limits.maxUsedSpace = Int64(try query.int("max-used-space") ?? 0)
    limits.minFreeSpace = Int64(try query.int("min-free-space") ?? 0)
    limits.filters = try query.filters()
    return limits
  }
}
