// SPDX-License-Identifier: Apache-2.0
import GRPCCore
import SwiftProtobuf

/// Services of BuildKit's API, by their full names.
enum ServiceName {
  static let control = "moby.buildkit.v1.Control"
  static let gateway = "moby.buildkit.v1.frontend.LLBBridge"
  static let health = "grpc.health.v1.Health"
  static let fileSync = "moby.filesync.v1.FileSync"
  static let fileSend = "moby.filesync.v1.FileSend"
  static let auth = "moby.filesync.v1.Auth"
  static let secrets = "moby.buildkit.secrets.v1.Secrets"
  static let ssh = "moby.sshforward.v1.SSH"
  static let policy = "moby.buildkit.v1.sourcepolicy.policysession.PolicyVerifier"
  static let upload = "moby.upload.v1.Upload"
  static let content = "containerd.services.content.v1.Content"
}

extension RPCRouter {
  /// A method with one request and one answer. When the client gives up, or its connection ends, the task of `body` is cancelled.
  mutating func unary<Input: SwiftProtobuf.Message, Output: SwiftProtobuf.Message>(
    _ service: String, _ method: String, _ body: @escaping @Sendable (Input, Metadata) async throws -> Output
  ) {
    register(service, method) { (request: StreamingServerRequest<Input>) in
      let single = try await ServerRequest(stream: request)
      let answer = try await untilCancelled { try await translated { try await body(single.message, single.metadata) } }
      return StreamingServerResponse(single: ServerResponse(message: answer))
    }
  }

  /// A method with one request and a stream of answers.
  /// - Parameter header: goes before the answers.
  mutating func stream<Input: SwiftProtobuf.Message, Output: SwiftProtobuf.Message>(
    _ service: String, _ method: String, header: @escaping @Sendable () -> Metadata = { [:] },
    _ body: @escaping @Sendable (Input, RPCWriter<Output>) async throws -> Void
  ) {
    register(service, method) { (request: StreamingServerRequest<Input>) in
      let single = try await ServerRequest(stream: request)
      return StreamingServerResponse(metadata: header()) { writer in
        try await untilCancelled { try await translated { try await body(single.message, writer) } }
        return [:]
      }
    }
  }

  /// A method with streams both ways.
  mutating func converse<Input: SwiftProtobuf.Message, Output: SwiftProtobuf.Message>(
    _ service: String, _ method: String,
    _ body: @escaping @Sendable (RPCAsyncSequence<Input, any Error>, Metadata, RPCWriter<Output>) async throws -> Void
  ) {
    register(service, method) { (request: StreamingServerRequest<Input>) in
      StreamingServerResponse { writer in
        try await untilCancelled { try await translated { try await body(request.messages, request.metadata, writer) } }
        return [:]
      }
    }
  }

  private mutating func register<Input: SwiftProtobuf.Message, Output: SwiftProtobuf.Message>(
    _ service: String, _ method: String,
    _ handler: @escaping @Sendable (StreamingServerRequest<Input>) async throws -> StreamingServerResponse<Output>
  ) {
    registerHandler(
      forMethod: MethodDescriptor(fullyQualifiedService: service, method: method), deserializer: ProtobufDeserializer<Input>(),
      serializer: ProtobufSerializer<Output>()
    ) { request, _ in try await handler(request) }
  }
}

/// Runs a call's work in a task that is cancelled when the call is: gRPC itself would only raise a flag.
private func untilCancelled<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
  let task = Task { try await body() }
  return try await withTaskCancellationHandler {
    try await withRPCCancellationHandler {
      try await task.value
    } onCancelRPC: {
      task.cancel()
    }
  } onCancel: {
    task.cancel()
  }
}

/// Errors as gRPC carries them.
private func translated<Result>(_ body: () async throws -> Result) async throws -> Result {
  do { return try await body() } catch { throw CallFailure.of(error) }
}
