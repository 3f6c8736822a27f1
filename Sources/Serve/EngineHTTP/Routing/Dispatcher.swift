// SPDX-License-Identifier: Apache-2.0
import Errors
import Logging
import NIOHTTP1

/// Takes a request apart (version prefix, path, query) and calls its route.
package struct Dispatcher: Sendable {
  package let router: Router
  package let versions: APIVersions
  package let logger: Logger

  package init(router: Router, versions: APIVersions = APIVersions(), logger: Logger) {
    self.router = router
    self.versions = versions
    self.logger = logger
  }

  package func respond(to request: Request) async throws -> Response {
    do {
      let response = try await route(request)
      logger.debug("\(request.head.method) \(request.head.target)")
      return response
    } catch {
      let level: Logger.Level = ErrorAnswer.make(error).status == .internalServerError && !(error is CancellationError) ? .error : .debug
      logger.log(level: level, "\(request.head.method) \(request.head.target)", metadata: ["error": "\(error)"])
      throw error
    }
  }

  private func route(_ request: Request) async throws -> Response {
    let target = request.head.target
    let mark = target.firstIndex(of: "?") ?? target.endIndex
    let path = try PercentEncoding.decode(target[..<mark], plusIsSpace: false)
    var segments = path.split(separator: "/")
    var version = versions.maximum
    if let first = segments.first, first.hasPrefix("v"), let asked = APIVersion(first.dropFirst()) {
      segments.removeFirst()
      version = asked
      try versions.check(asked)
    }
    switch router.match(request.head.method, segments) {
    case .handler(let handler, let parameters):
      let query = try Query(parsing: target[mark...].dropFirst())
      return try await handler(RouteContext(request: request, version: version, parameters: parameters, query: query))
    case .methodNotAllowed(let methods):
      let allowed = methods.joined(separator: ", ")
      return .full(
        ErrorAnswer.answer(.methodNotAllowed, "method \(request.head.method) not allowed for \(path): use \(allowed)", headers: ["Allow": allowed]))
    case .notFound:
      throw HullError(.notFound, "page not found")
    }
  }
}
