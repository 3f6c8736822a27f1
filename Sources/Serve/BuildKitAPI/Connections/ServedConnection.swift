// SPDX-License-Identifier: Apache-2.0
import Errors
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc
import NIOCore
import NIOPosix

/// A connection that a client has handed over to speak gRPC on (`POST /grpc`): a server for it alone, which ends with it and with it every call.
enum ServedConnection {
  /// The largest message that BuildKit's clients send.
  static let largestMessage = 16 << 20
  /// Bytes that a client may send ahead.
  static let window = 1 << 20

  /// Serves `router` on the channel, whose HTTP/1 handlers are still in front. Succeeds when bytes may come.
  static func install(on channel: any Channel, router: RPCRouter<HTTP2ServerTransport.Custom<Listener>>) -> EventLoopFuture<Void> {
    let installed = channel.eventLoop.makePromise(of: Void.self)
    let listener: Listener
    do { listener = try Listener(channel, installed) } catch { return channel.eventLoop.makeFailedFuture(error) }
    let server = GRPCServer(transport: HTTP2ServerTransport.Custom(listenerFactory: listener, config: configuration), router: router)
    let serving = Task {
      do {
        try await server.serve()
        installed.fail(ChannelError.ioOnClosedChannel)
      } catch {
        installed.fail(error)
      }
      channel.close(promise: nil)
    }
    channel.closeFuture.whenComplete { _ in
      serving.cancel()
      listener.close()
    }
    return installed.futureResult
  }

  private static var configuration: HTTP2ServerTransport.Custom<Listener>.Config {
    var configuration = HTTP2ServerTransport.Custom<Listener>.Config.defaults
    configuration.http2.targetWindowSize = window
    configuration.rpc.maxRequestPayloadSize = largestMessage
    return configuration
  }

  /// Listens for connections of which there is one, the channel.
  ///
  /// A transport wants a channel that gives connections. Here it is a socket on which nothing ever arrives: the one connection is put into its
  /// pipeline, and closing its other end ends the server.
  struct Listener: HTTP2ServerTransport.ListenerFactory {
    private let channel: any Channel
    private let installed: EventLoopPromise<Void>
    private let sockets: SocketPair

    var eventLoopGroup: any EventLoopGroup { channel.eventLoop }

    init(_ channel: any Channel, _ installed: EventLoopPromise<Void>) throws(HullError) {
      (self.channel, self.installed, sockets) = (channel, installed, try SocketPair())
    }

    func close() { Glibc.close(sockets.far) }

    func makeListeningChannel(
      listenerConfigurator: HTTP2ServerTransport.ListenerConfigurator, connectionConfigurator: HTTP2ServerTransport.ConnectionConfigurator
    ) async throws -> NIOAsyncChannel<HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel, Never> {
      typealias Connection = HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel
      let socket = try await ClientBootstrap(group: channel.eventLoop).withConnectedSocket(sockets.near).get()
      let listening = try await channel.eventLoop.submit {
        try NIOAsyncChannel<Connection, Never>(wrappingChannelSynchronously: socket)
      }.get()
      channel.eventLoop.flatSubmit { [channel] in
        ClosesWithInput.add(to: channel).flatMap { PingAnswers.add(to: channel, isServer: true) }.flatMap {
          connectionConfigurator.configure(channel: channel, tls: .none)
        }
      }.flatMap { connection in
        socket.pipeline.syncOperations.fireChannelRead(NIOAny(connection))
        socket.pipeline.syncOperations.fireChannelReadComplete()
        return channel.setOption(.autoRead, value: true)
      }.cascade(to: installed)
      return listening
    }
  }
}
