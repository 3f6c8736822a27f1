// SPDX-License-Identifier: Apache-2.0
import BuildKitAPI
import Errors
import NIOCore

/// Connections on which clients speak BuildKit's gRPC API.
extension EngineAPI {
  func addBuildKitRoutes(to router: Router) {
    router.add("POST", "/grpc") { [buildKit] context in
      try Self.checkUpgrade(context)
      return .hijack(Self.hijack { buildKit.serve($0) })
    }
    router.add("POST", "/session") { [buildKit] context in
      try Self.checkUpgrade(context)
      let introduction = try buildKit.introduction { context.request.head.headers[$0] }
      return .hijack(Self.hijack { buildKit.attach($0, introduction) })
    }
  }

  private static func checkUpgrade(_ context: RouteContext) throws(HullError) {
    guard context.request.head.upgrade == "h2c" else {
      throw HullError(.invalidArgument, "POST \(context.request.head.target) needs 'Upgrade: h2c'")
    }
  }

  private static func hijack(_ install: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>) -> Hijack {
    Hijack(protocolName: "h2c", headers: [:], install: install, abandon: {})
  }
}
