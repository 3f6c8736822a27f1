// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import Synchronization

/// An HTTP proxy on a loopback port whose tunnels all lead to one port of this machine, whatever host they are asked for.
final class TunnelProxy: Sendable {
  let port: Int
  private let channel: any Channel
  private let task: Task<Void, any Error>
  private let asked: Heads

  /// The requests for tunnels, as they came.
  var heads: [String] { asked.texts.withLock { $0 } }

  init(to target: Int) async throws {
    let asked = Heads()
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0) { channel in
      channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel) }
    }
    self.asked = asked
    channel = server.channel
    port = server.channel.localAddress?.port ?? 0
    task = Task {
      try await withThrowingDiscardingTaskGroup { group in
        try await server.executeThenClose { connections in
          for try await connection in connections { group.addTask { try? await TunnelProxy.serve(connection, to: target, asked) } }
        }
      }
    }
  }

  deinit {
    task.cancel()
    channel.close(promise: nil)
  }

  private final class Heads: Sendable {
    let texts = Mutex<[String]>([])
  }

  private static func serve(_ client: NIOAsyncChannel<ByteBuffer, ByteBuffer>, to target: Int, _ asked: Heads) async throws {
    let server = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: target) { channel in
      channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel) }
    }
    try await client.executeThenClose { fromClient, toClient in
      try await server.executeThenClose { fromServer, toServer in
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            var head = ""
            for try await bytes in fromClient {
              guard !head.hasSuffix("\r\n\r\n") else {
                try await toServer.write(bytes)
                continue
              }
              head += String(buffer: bytes)
              guard head.hasSuffix("\r\n\r\n") else { continue }
              asked.texts.withLock { $0.append(head) }
              try await toClient.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\n"))
            }
          }
          group.addTask { for try await bytes in fromServer { try await toClient.write(bytes) } }
          try await group.next()
          group.cancelAll()
        }
      }
    }
  }
}
