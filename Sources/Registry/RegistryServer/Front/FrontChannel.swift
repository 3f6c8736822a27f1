// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// Hummingbird's HTTP/1.1 channel with the front in it, and TLS before it where there is a certificate.
struct FrontChannel: ServerChildChannel {
  private static let limits = HTTP1Channel.Configuration.DecoderConfiguration(
    maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)

  let base: HTTP1Channel
  let services: FrontServices
  let certificates: CertificateBox?

  init(responder: @escaping HTTPChannelHandler.Responder, services: FrontServices, certificates: CertificateBox?) {
    base = HTTP1Channel(responder: responder, configuration: .init(httpDecoderConfiguration: Self.limits))
    self.services = services
    self.certificates = certificates
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
    do {
      if let certificates { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: certificates.context)) }
    } catch {
      return channel.eventLoop.makeFailedFuture(error)
    }
    return base.setup(channel: channel, logger: logger).flatMapThrowing { value in
      let pipeline = channel.pipeline.syncOperations
      let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
      let front = FrontHandler(services)
      try pipeline.addHandler(front, position: .after(decoder))
      try pipeline.addHandler(LastByteHandler(), position: .after(front))
      return value
    }
  }

  func handle(value: HTTP1Channel.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
