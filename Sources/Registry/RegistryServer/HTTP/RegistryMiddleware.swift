// SPDX-License-Identifier: Apache-2.0
import Errors
import Hummingbird
import Logging
import OCISpec

/// Around every request that reaches Hummingbird: errors become answers, answers get what all have, the log gets its line.
struct RegistryMiddleware: RouterMiddleware {
  let access: AccessControl
  let log: AccessLog

  func handle(_ request: Request, context: RegistryContext, next: (Request, RegistryContext) async throws -> Response) async throws -> Response {
    let start = Clock.nanoseconds
    var response: Response
    do {
      response = try await next(request, context)
    } catch let error as HullError {
      response = answer(error, request, context)
    } catch let error as any HTTPResponseError {
      response = Response(HullError(error.status == .notFound ? .notFound : .invalidArgument, "there is no such page: \(error.status)"))
      response.status = error.status
    }
    if request.method == .head { response = response.createHeadResponse() }
    response.headers[.apiVersion] = "registry/2.0"
    log.append(
      peer: context.peer, user: access.nameForLog(request.headers[.authorization]), method: request.method.rawValue, path: request.uri.string,
      status: response.status.code,
      bytes: Int64(response.body.contentLength ?? 0), nanoseconds: Clock.nanoseconds - start)
    return response
  }

  private func answer(_ error: HullError, _ request: Request, _ context: RegistryContext) -> Response {
    if error.code == .internalError { context.logger.error("\(request.method) \(request.uri.path): \(error)") }
    var response = Response(error)
    if response.status == .unauthorized, let challenge = access.challenge(request) { response.headers[.wwwAuthenticate] = challenge }
    return response
  }
}
