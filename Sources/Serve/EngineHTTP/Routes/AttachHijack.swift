// SPDX-License-Identifier: Apache-2.0
import Engine
import Glibc
import NIOCore
import NIOHTTP1

/// A client's connection becomes the standard streams of a process.
extension EngineAPI {
  static func hijack(_ attached: AttachStream, _ context: RouteContext) -> Hijack {
    // Without an upgrade the answer is the older one, which knows only one name for both forms.
    let version = context.request.head.upgrade == nil ? APIVersion(1, 24) : context.version
    return Hijack(
      protocolName: "tcp", headers: ["Content-Type": streamType(terminal: attached.terminal, version)],
      install: { client in
        sendPrelude(attached, to: client).flatMap { glue(attached, to: client) }
      },
      abandon: { abandon(attached) })
  }

  /// Sends text and ends the connection: how an exec that could not be started says why.
  static func hijack(text: String, terminal: Bool, _ context: RouteContext) -> Hijack {
    let version = context.request.head.upgrade == nil ? APIVersion(1, 24) : context.version
    var bytes = ByteBuffer()
    if !terminal { bytes.writeMultipleIntegers(UInt32(1) << 24, UInt32(text.utf8.count)) }
    bytes.writeString(text)
    let message = bytes
    return Hijack(
      protocolName: "tcp", headers: ["Content-Type": streamType(terminal: terminal, version)],
      install: { client in HeadDelivery.taken(from: client).flatMap { client.writeAndFlush(message) }.flatMap { client.close() } },
      abandon: {})
  }

  private static func sendPrelude(_ attached: AttachStream, to client: any Channel) -> EventLoopFuture<Void> {
    guard let prelude = attached.prelude else { return client.eventLoop.makeSucceededVoidFuture() }
    let promise = client.eventLoop.makePromise(of: Void.self)
    promise.completeWithTask {
      do {
        try await HeadDelivery.taken(from: client).get()
        for try await chunk in prelude { try await client.writeAndFlush(chunk) }
      } catch {
        abandon(attached)
        throw error
      }
    }
    return promise.futureResult
  }

  private static func glue(_ attached: AttachStream, to client: any Channel) -> EventLoopFuture<Void> {
    guard attached.descriptor >= 0 else { return client.close() }
    var filter: Glue.InputFilter?
    if var scanner = attached.detachScanner {
      filter = { input in
        let (pass, detached) = scanner.feed(input.readableBytesView)
        return (ByteBuffer(bytes: pass), detached)
      }
    }
    return Glue.join(client, to: attached.descriptor, filter: NIOLoopBound(filter, eventLoop: client.eventLoop)) {
      Task { await attached.onDetach() }
    }
  }

  private static func abandon(_ attached: AttachStream) {
    if attached.descriptor >= 0 { close(attached.descriptor) }
  }
}
