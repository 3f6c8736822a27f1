// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import NIOCore
import NIOHTTP1

/// One request for one route.
package struct RouteContext: Sendable {
  package var request: Request
  package var version: APIVersion
  package var parameters: [String: String]
  package var query: Query

  /// The largest JSON body that is read.
  static let jsonLimit = 4 << 20

  /// The value of `{id}` or `{name...}` in the route's pattern.
  package subscript(name: String) -> String { parameters[name] ?? "" }

  /// The body as JSON, by Docker's rules: an empty one is the zero value, another content type than JSON is an error.
  package func json<T: Decodable & ZeroValue>(_ type: T.Type) async throws -> T {
    guard let bytes = try await jsonBytes() else { return T() }
    return try DockerJSON.decode(type, from: bytes.readableBytesView)
  }

  /// The body of a request that makes no sense without one.
  package func requiredJSON<T: Decodable>(_ type: T.Type, orElse message: String) async throws -> T {
    try DockerJSON.decode(type, from: try await requiredBytes(orElse: message).readableBytesView)
  }

  /// The same, not yet decoded.
  func requiredBytes(orElse message: String) async throws -> ByteBuffer {
    guard let bytes = try await jsonBytes() else { throw HullError(.invalidArgument, message) }
    return bytes
  }

  private func jsonBytes() async throws -> ByteBuffer? {
    guard !request.body.isEmpty else { return nil }
    let contentType = request.head.headers.first(name: "content-type") ?? ""
    let mediaType = contentType.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
    guard mediaType == "application/json" else {
      throw HullError(.invalidArgument, "unsupported Content-Type header (\(contentType)): must be 'application/json'")
    }
    let bytes = try await request.body.collect(limit: Self.jsonLimit)
    return bytes.readableBytes == 0 ? nil : bytes
  }
}

extension Response {
  static let jsonHeaders: HTTPHeaders = ["Content-Type": "application/json"]

  /// A JSON document.
  package static func json(_ value: some Encodable, _ status: HTTPResponseStatus = .ok) throws -> Response {
    .full(FullResponse(status, headers: jsonHeaders, body: try jsonLine(value)))
  }

  /// A JSON document that has been encoded already.
  package static func json(bytes: [UInt8]) -> Response {
    var body = ByteBuffer(bytes: bytes)
    body.writeInteger(UInt8.lineFeed)
    return .full(FullResponse(headers: jsonHeaders, body: body))
  }

  package static func empty(_ status: HTTPResponseStatus) -> Response { .full(FullResponse(status)) }

  static func jsonLine(_ value: some Encodable) throws(HullError) -> ByteBuffer {
    var line = ByteBuffer(bytes: try DockerJSON.encode(value))
    line.writeInteger(UInt8.lineFeed)
    return line
  }
}
