// SPDX-License-Identifier: Apache-2.0
import GRPCCore
import SwiftProtobuf

/// A protobuf message as the body of a gRPC message.
struct ProtobufSerializer<Message: SwiftProtobuf.Message>: MessageSerializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ message: Message) throws -> Bytes {
    try (message.serializedBytes() as Carried<Bytes>).bytes
  }
}

struct ProtobufDeserializer<Message: SwiftProtobuf.Message>: MessageDeserializer {
  func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> Message {
    do {
      return try Message(serializedBytes: Carried(bytes: bytes))
    } catch {
      throw RPCError(code: .invalidArgument, message: "grpc: the message is not a \(Message.protoMessageName)", cause: error)
    }
  }
}

/// The transport's bytes as protobuf wants to see them: no copy.
private struct Carried<Bytes: GRPCContiguousBytes>: SwiftProtobufContiguousBytes {
  var bytes: Bytes

  init(bytes: Bytes) { self.bytes = bytes }
  init(repeating byte: UInt8, count: Int) { bytes = Bytes(repeating: byte, count: count) }
  init<S: Sequence>(_ sequence: S) where S.Element == UInt8 { bytes = Bytes(sequence) }

  var count: Int { bytes.count }
  func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R { try bytes.withUnsafeBytes(body) }
  mutating func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
    try bytes.withUnsafeMutableBytes(body)
  }
}
