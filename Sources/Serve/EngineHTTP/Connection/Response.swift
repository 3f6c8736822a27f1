// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// What a handler answers.
package enum Response: Sendable {
  /// Complete before it is sent.
  case full(FullResponse)
  /// Produced while it is sent.
  case stream(StreamResponse)
  /// The connection stops speaking HTTP and is handed over.
  case hijack(Hijack)
}

package struct FullResponse: Sendable {
  package var status: HTTPResponseStatus
  package var headers: HTTPHeaders
  package var body: ByteBuffer

  package init(_ status: HTTPResponseStatus = .ok, headers: HTTPHeaders = [:], body: ByteBuffer = ByteBuffer()) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

package struct StreamResponse: Sendable {
  package var status: HTTPResponseStatus
  package var headers: HTTPHeaders
  /// Writes the body. The head goes out with the first byte; an error thrown before that becomes an error answer, one thrown later breaks the
  /// connection so that the client cannot mistake a part for the whole. Cancelled when the client goes away.
  package var produce: @Sendable (ResponseWriter) async throws -> Void

  package init(
    _ status: HTTPResponseStatus = .ok, headers: HTTPHeaders, produce: @escaping @Sendable (ResponseWriter) async throws -> Void
  ) {
    self.status = status
    self.headers = headers
    self.produce = produce
  }
}

package struct Hijack: Sendable {
  /// The value of `Upgrade:` in the answer.
  package var protocolName: String
  package var headers: HTTPHeaders
  /// Puts its handlers at the end of the pipeline; called on the channel's loop after the answer's head is written, before any byte that the
  /// client sent behind its request is delivered. Reading is then up to these handlers: `autoRead` is off.
  package var install: @Sendable (any Channel) -> EventLoopFuture<Void>

  /// Called instead of `install` when the client is gone before that.
  package var abandon: @Sendable () -> Void

  package init(
    protocolName: String, headers: HTTPHeaders, install: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>,
    abandon: @escaping @Sendable () -> Void
  ) {
    self.protocolName = protocolName
    self.headers = headers
    self.install = install
    self.abandon = abandon
  }
}

/// Sends the body of a `StreamResponse`, piece by piece; each is flushed. Valid only inside `produce`.
package struct ResponseWriter: Sendable {
  let connection: HTTPConnection
  let serial: Int

  /// Sends the status and header fields now, before there is any body.
  package func start() async throws { try await connection.write(nil, serial: serial) }

  /// Returns when the bytes are with the kernel: a slow client slows the producer down.
  package func write(_ bytes: ByteBuffer) async throws {
    guard bytes.readableBytes > 0 else { return }
    try await connection.write(bytes, serial: serial)
  }

  /// The last bytes of the body: they go out with its end, once `produce` returns. The client is woken up once.
  package func end(with bytes: ByteBuffer) {
    if bytes.readableBytes > 0 { connection.end(with: bytes, serial: serial) }
  }
}
