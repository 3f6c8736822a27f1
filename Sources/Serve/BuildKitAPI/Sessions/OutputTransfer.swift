// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import GRPCCore
import Synchronization
import Threads

/// What a build gives to the client's own disk (FileSend.DiffCopy).
struct OutputTransfer: Sendable {
  private static let method = "DiffCopy"

  let session: ClientSession
  /// The output's position among those that the client asked for.
  let id: String

  /// One file, whose bytes `write` gives.
  /// - Parameter attributes: what the client is told of the file.
  func send(_ attributes: [String: String], _ write: @escaping @Sendable (any BuildSink) throws -> Void) async throws {
    try check()
    var metadata = metadata
    for (key, value) in attributes { metadata.addString(value, forKey: "exporter-md-" + key) }
    let handover = Handover()
    let writing = Task {
      defer { handover.end() }
      try await Blocking.stream { try write(handover) }
    }
    do {
      try await session.converse(ServiceName.fileSend, Self.method, metadata) { (writer: RPCWriter<SessionBytesMessage>) in
        for await piece in handover.pieces {
          var message = SessionBytesMessage()
          message.data = .init(piece)
          try await writer.write(message)
          handover.taken()
        }
        // A file that could not be made must not look complete.
        try await writing.value
      } receive: { (answers: RPCAsyncSequence<SessionBytesMessage, any Error>) in
        for try await _ in answers {}
      }
    } catch let error as RPCError where error.code == .alreadyExists {
      // The client has it already, or knows by the attributes what it wanted to know.
      handover.abandon()
      _ = await writing.result
    } catch {
      handover.abandon()
      if case .failure(let cause) = await writing.result { throw cause }
      throw error
    }
  }

  /// Files in a directory.
  func send(_ tree: any FileTree) async throws {
    try check()
    var metadata = metadata
    metadata.addString("1", forKey: "buildkit-exporter-multi-platform")
    let (requests, asking) = AsyncStream<SyncPacket>.makeStream()
    try await session.converse(ServiceName.fileSend, Self.method, metadata) { (writer: RPCWriter<SyncPacket>) in
      let sender = TreeSender(tree: tree)
      let files = try await sender.announce(to: writer)
      for await request in requests {
        guard request.type == .request, let path = files[request.id] else { continue }
        try await sender.send(path, as: request.id, to: writer)
      }
      var end = SyncPacket()
      end.type = .fin
      try await writer.write(end)
    } receive: { (packets: RPCAsyncSequence<SyncPacket, any Error>) in
      defer { asking.finish() }
      for try await packet in packets {
        switch packet.type {
        case .error: throw HullError(.unavailable, "the client cannot take the output: \(String(decoding: packet.data, as: UTF8.self))")
        case .fin: asking.finish()
        default: asking.yield(packet)
        }
      }
    }
  }

  private func check() throws(HullError) {
    guard session.offers(ServiceName.fileSend, Self.method) else {
      throw HullError(.invalidArgument, "the client takes no output: name a destination with --output dest=PATH")
    }
  }

  private var metadata: Metadata { ["buildkit-attachable-exporter-id": .string(id)] }
}
