// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Errors
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import SwiftProtobuf

/// What a client offers over a session (`POST /session`): on this connection the daemon asks and the client answers.
final class ClientSession: Sendable {
  typealias Client = GRPCClient<HTTP2ClientTransport.WrappedChannel>

  /// What the client says of its session, in the request's header.
  struct Introduction: Sendable {
    var id: String
    /// The same for all sessions of one context directory.
    var sharedKey: String
    /// Methods that are offered, `/service/method`, in lower case.
    var methods: Set<String>
  }

  let introduction: Introduction
  let client: Client
  private let channel: any Channel

  init(_ introduction: Introduction, client: Client, channel: any Channel) {
    (self.introduction, self.client, self.channel) = (introduction, client, channel)
  }

  /// The loop that the session's connection belongs to.
  var loop: any EventLoop { channel.eventLoop }

  /// Ends the session; calls under way fail.
  func close() { channel.close(promise: nil) }

  func offers(_ service: String, _ method: String) -> Bool { introduction.methods.contains("/\(service)/\(method)".lowercased()) }

  /// Asks once, is answered once.
  func call<Request: SwiftProtobuf.Message, Answer: SwiftProtobuf.Message>(
    _ service: String, _ method: String, _ request: Request, as type: Answer.Type = Answer.self
  ) async throws -> Answer {
    try await client.unary(
      request: ClientRequest(message: request), descriptor: MethodDescriptor(fullyQualifiedService: service, method: method),
      serializer: ProtobufSerializer<Request>(), deserializer: ProtobufDeserializer<Answer>(), options: Self.options
    ) { try $0.message }
  }

  /// Speaks and listens at once. `send` writes until all is said; `receive` reads until the client has said all.
  func converse<Request: SwiftProtobuf.Message, Answer: SwiftProtobuf.Message, Result: Sendable>(
    _ service: String, _ method: String, _ metadata: Metadata,
    send: @escaping @Sendable (RPCWriter<Request>) async throws -> Void,
    receive: @escaping @Sendable (RPCAsyncSequence<Answer, any Error>) async throws -> Result
  ) async throws -> Result {
    try await client.bidirectionalStreaming(
      request: StreamingClientRequest(metadata: metadata, producer: send),
      descriptor: MethodDescriptor(fullyQualifiedService: service, method: method),
      serializer: ProtobufSerializer<Request>(), deserializer: ProtobufDeserializer<Answer>(), options: Self.options
    ) { try await receive($0.messages) }
  }

  private static var options: CallOptions {
    var options = CallOptions.defaults
    (options.maxRequestMessageBytes, options.maxResponseMessageBytes) = (ServedConnection.largestMessage, ServedConnection.largestMessage)
    return options
  }
}
