// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Errors
import GRPCCore
import Glibc
import NIOCore
import NIOPosix

/// A connection to the client's SSH agent (SSH.ForwardAgent).
enum AgentConnection {
  /// A socket, which the caller owns; closing it ends the connection.
  static func open(_ id: String, over session: ClientSession) async throws -> Int32 {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw HullError(.internalError, "cannot make a pair of sockets: \(String(cString: strerror(errno)))")
    }
    let (near, far) = (ends[0], ends[1])
    let agent: NIOAsyncChannel<ByteBuffer, ByteBuffer>
    do {
      agent = try await ClientBootstrap(group: session.loop).withConnectedSocket(near) { channel in
        channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
      }
    } catch {
      close(far)
      throw error
    }
    Task { try? await join(agent, id, session) }
    return far
  }

  private static func join(_ agent: NIOAsyncChannel<ByteBuffer, ByteBuffer>, _ id: String, _ session: ClientSession) async throws {
    try await agent.executeThenClose { inbound, outbound in
      try await session.converse(ServiceName.ssh, "ForwardAgent", ["buildkit.ssh.id": .string(id)]) { (writer: RPCWriter<SessionBytesMessage>) in
        for try await bytes in inbound {
          var message = SessionBytesMessage()
          message.data = .init(bytes.readableBytesView)
          try await writer.write(message)
        }
      } receive: { (answers: RPCAsyncSequence<SessionBytesMessage, any Error>) in
        for try await answer in answers { try await outbound.write(ByteBuffer(bytes: answer.data)) }
      }
    }
  }
}
