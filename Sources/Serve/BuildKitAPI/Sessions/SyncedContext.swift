// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import GRPCCore
import Threads

/// A context that the client has as a directory (FileSync.DiffCopy).
struct SyncedContext: Sendable {
  let session: ClientSession
  /// What clients need not send again.
  let contexts: ContextStore
  /// On whose file system the files lie.
  let directory: String

  init(session: ClientSession, _ contexts: ContextStore, keptIn directory: String) {
    (self.session, self.contexts, self.directory) = (session, contexts, directory)
  }

  /// - Parameter progress: is told how many bytes have come.
  func receive(
    _ name: String, _ selection: ContextSelection, progress: @escaping @Sendable (Int64) -> Void
  ) async throws -> any FileTree {
    guard session.offers(ServiceName.fileSync, "DiffCopy") else {
      throw HullError(.notFound, "build context \(name): the client offers no files")
    }
    // Directories of the same name share a key: what differs is sent again.
    let key = ContextKey(directory: "buildkit \(session.introduction.sharedKey) \(name)", selection)
    let output = ContextOutput(ContextReception(key, name: name, store: contexts, keptIn: directory))
    let (requests, asking) = AsyncStream<SyncPacket>.makeStream()
    do {
      // A message for each file: on the connection's own loop none of them changes threads.
      return try await withTaskExecutorPreference(LoopTaskExecutor(session.loop)) {
        try await session.converse(ServiceName.fileSync, "DiffCopy", Self.metadata(name, selection)) { writer in
          for await request in requests { try await writer.write(request) }
        } receive: { packets in
          defer { asking.finish() }
          return try await Self.receive(packets, asking, into: output, TransferCount(progress))
        }
      }
    } catch let error as RPCError where error.code == .notFound || error.message.contains("no access allowed to dir") {
      throw HullError(.notFound, "build context \(name): the client does not offer it")
    }
  }

  private static func receive(
    _ packets: RPCAsyncSequence<SyncPacket, any Error>, _ asking: AsyncStream<SyncPacket>.Continuation, into output: ContextOutput,
    _ transfer: TransferCount
  ) async throws -> any FileTree {
    var transfer = transfer
    defer { transfer.end() }
    var receiver = TreeReceiver(into: output) { id in
      var request = SyncPacket()
      (request.type, request.id) = (.request, id)
      asking.yield(request)
    }
    var said = false
    for try await packet in packets {
      if packet.type == .fin { break }
      transfer.add(packet)
      try await receiver.receive(packet)
      guard receiver.isComplete, !said else { continue }
      said = true
      var end = SyncPacket()
      end.type = .fin
      asking.yield(end)
    }
    guard receiver.isComplete else { throw HullError(.unavailable, "build context: the client stopped half way") }
    return try await receiver.finish()
  }

  private static func metadata(_ name: String, _ selection: ContextSelection) -> Metadata {
    var metadata = Metadata()
    for (key, values) in [
      ("dir-name", [name]), ("include-patterns", selection.includes), ("exclude-patterns", selection.excludes), ("followpaths", selection.followed),
    ] {
      let plain = values.allSatisfy { $0.utf8.allSatisfy { 0x20..<0x7F ~= $0 } }
      for value in values { metadata.addString(plain ? value : FormEncoding.encode(value), forKey: key) }
      if !plain { metadata.addString("1", forKey: key + "-encoded") }
    }
    return metadata
  }
}

/// Text in header fields, encoded as in queries of addresses.
enum FormEncoding {
  static func encode(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: " "): encoded += "+"
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return encoded
  }
}
