// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Errors
import GRPCCore
import Logging
import NIOCore
import NIOPosix

/// A session whose bytes travel in the messages of `Control.Session`, for clients that have no other connection.
struct TunnelledSession: Sendable {
  let introduction: ClientSession.Introduction
  let sessions: Rendezvous<ClientSession>
  let loop: any EventLoop
  let log: Logger

  /// Runs until either side ends it.
  func run(_ messages: RPCAsyncSequence<SessionBytesMessage, any Error>, _ writer: RPCWriter<SessionBytesMessage>) async throws {
    let pair = try SocketPair()
    let outer = try await pair.open(on: loop)
    let inner = try await ClientBootstrap(group: loop).channelOption(.autoRead, value: false).withConnectedSocket(pair.far).get()
    try await SessionConnection.install(on: inner, introduction, in: sessions, log).get()
    try await outer.executeThenClose { inbound, outbound in
      try await withThrowingTaskGroup { group in
        group.addTask { try await MessageTunnel.receive(messages, to: outbound) }
        group.addTask { try await MessageTunnel.send(inbound, to: writer) }
        // The client's side ends first, as a rule; then the session does, and with it the other direction.
        try await group.waitForAll()
      }
    }
  }
}
