// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// One request on its way to a handler.
package struct Request: Sendable {
  package var head: RequestHead
  package var body: BodyStream
  package var loop: any EventLoop
}

/// Answers requests; errors it throws become error answers.
package typealias Responder = @Sendable (Request) async throws -> Response
