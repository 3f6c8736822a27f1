// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import NIOCore
import NIOHTTP1

/// Errors as the API tells them: a status and `{"message": …}`.
package enum ErrorAnswer {
  package static func make(_ error: any Error) -> FullResponse {
    switch error {
    case let error as HullError:
      let status = status(of: error.code)
      return status == .notModified ? FullResponse(status) : answer(status, error.description)
    case let error as ProtocolError: return answer(error.status, error.message)
    case is ClientGone: return answer(.badRequest, "the request's body ended early")
    case is CancellationError: return answer(.internalServerError, "the request was cancelled")
    default: return answer(.internalServerError, "\(error)")
    }
  }

  static func answer(_ status: HTTPResponseStatus, _ message: String, headers: HTTPHeaders = [:]) -> FullResponse {
    var body = ErrorResponse()
    body.message = message
    var headers = headers
    headers.add(name: "Content-Type", value: "application/json")
    return FullResponse(status, headers: headers, body: (try? Response.jsonLine(body)) ?? ByteBuffer(string: "{}\n"))
  }

  static func status(of code: HullError.Code) -> HTTPResponseStatus {
    switch code {
    case .invalidArgument, .commandNotFound, .commandNotExecutable: .badRequest
    case .unauthorized: .unauthorized
    case .forbidden: .forbidden
    case .notFound: .notFound
    case .conflict: .conflict
    case .notModified: .notModified
    case .tooLarge: .payloadTooLarge
    case .unsupported: .notImplemented
    case .unavailable: .serviceUnavailable
    default: .internalServerError
    }
  }
}
