// SPDX-License-Identifier: Apache-2.0
import Logging
import NIOCore
import NIOHTTP1

/// What all connections of a server share.
package struct ServerConfiguration: Sendable {
  package var responder: Responder
  /// Turns what a responder threw (or a `ProtocolError`) into an answer.
  package var errorResponse: @Sendable (any Error) -> FullResponse
  /// Fields of every answer.
  package var commonHeaders: HTTPHeaders = [:]
  package var logger = Logger(label: "http")
  /// Takes over connections whose clients speak HTTP/2 from the first byte; `nil`: they are told that the version is not supported. Puts its handlers at
  /// the end of the pipeline, on the channel's loop, and gets every byte that the client has sent; reading is then up to these handlers.
  package var http2: (@Sendable (any Channel) -> EventLoopFuture<Void>)?
  /// How long a client may take from the first to the last byte of a request's head.
  package var headTimeout = TimeAmount.seconds(60)
  /// How long, and how far, an answered request's unread body is read on before the connection is closed, so that the client sees the answer
  /// instead of a reset.
  package var lingerTimeout = TimeAmount.seconds(2)
  package var lingerLimit = 64 * 1024 * 1024
  /// An unread body up to this size is read to its end before the answer, which saves the connection.
  package var drainLimit = 256 * 1024

  package init(responder: @escaping Responder, errorResponse: @escaping @Sendable (any Error) -> FullResponse) {
    self.responder = responder
    self.errorResponse = errorResponse
  }
}
