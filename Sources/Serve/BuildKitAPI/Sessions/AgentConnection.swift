// SPDX-License-Identifier: Apache-2.0
import GRPCCore

/// A connection to the client's SSH agent (SSH.ForwardAgent).
enum AgentConnection {
  /// A socket, which the caller owns; closing it ends the connection.
  static func open(_ id: String, over session: ClientSession) async throws -> Int32 {
    let pair = try SocketPair()
    let agent = try await pair.open(on: session.loop)
    Task {
      try? await agent.executeThenClose { inbound, outbound in
        try await session.converse(ServiceName.ssh, "ForwardAgent", ["buildkit.ssh.id": .string(id)]) {
          try await MessageTunnel.send(inbound, to: $0)
        } receive: {
          try await MessageTunnel.receive($0, to: outbound)
        }
      }
    }
    return pair.far
  }
}
