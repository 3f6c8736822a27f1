// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import GRPCCore
import OCISpec
import Synchronization
import Threads

/// A directory of the client's with an OCI layout (containerd's content API over the session): the caches of `type=local`.
struct ContentTransfer: Sendable {
  let session: ClientSession
  /// As the client named it.
  let directory: String

  /// Gives a blob's bytes as they come. Throws `notFound`.
  func read(_ digest: Digest, _ take: @escaping @Sendable ([UInt8]) throws(HullError) -> Void) async throws {
    try check("Read")
    var request = ContentReadRequest()
    request.digest = digest.description
    do {
      try await session.listen(ServiceName.content, "Read", request, metadata) { (answer: ContentReadResponse) in
        let piece = Array(answer.data)
        try await Blocking.run { try take(piece) }
      }
    } catch let error as RPCError { throw named(error, digest) }
  }

  /// Puts a blob there unless it is there.
  func write(_ blob: Descriptor, _ write: @escaping @Sendable (any BuildSink) throws -> Void) async throws {
    try check("Write")
    if try await isThere(blob.digest) { return }
    let handover = Handover()
    let writing = Task {
      defer { handover.end() }
      try await Blocking.stream { try write(handover) }
    }
    do { try await send(blob, handover, writing) } catch {
      handover.abandon()
      if case .failure(let cause) = await writing.result, (cause as? HullError)?.code != .unavailable { throw cause }
      guard let error = error as? RPCError else { throw error }
      // Somebody else was faster.
      if error.code != .alreadyExists { throw named(error, blob.digest) }
    }
  }

  private func isThere(_ digest: Digest) async throws -> Bool {
    var request = ContentInfoRequest()
    request.digest = digest.description
    do {
      _ = try await session.call(ServiceName.content, "Info", request, metadata, as: ContentInfoResponse.self)
      return true
    } catch let error as RPCError where error.code == .notFound { return false }
  }

  private func send(_ blob: Descriptor, _ handover: Handover, _ writing: Task<Void, any Error>) async throws {
    // Under a name of its own: what another one has left does not matter.
    let name = "hull-\(blob.digest.hex)-\(UInt64.random(in: 0...UInt64.max))"
    @Sendable func request(_ action: ContentWriteAction, at offset: Int64) -> ContentWriteRequest {
      var request = ContentWriteRequest()
      (request.action, request.ref, request.total, request.expected) = (action, name, blob.size, blob.digest.description)
      request.offset = offset
      return request
    }
    let committed = Mutex(false)
    try await session.converse(ServiceName.content, "Write", metadata) { (writer: RPCWriter<ContentWriteRequest>) in
      try await writer.write(request(.stat, at: 0))
      var offset: Int64 = 0
      for await piece in handover.pieces {
        var message = request(.write, at: offset)
        message.data = .init(piece)
        try await writer.write(message)
        offset += Int64(piece.count)
        handover.taken()
      }
      try await writing.value
      try await writer.write(request(.commit, at: offset))
    } receive: { (answers: RPCAsyncSequence<ContentWriteResponse, any Error>) in
      for try await answer in answers where answer.action == .commit { committed.withLock { $0 = true } }
    }
    guard committed.withLock({ $0 }) else { throw HullError(.unavailable, "\(directory): the client has not kept blob \(blob.digest)") }
  }

  private func check(_ method: String) throws(HullError) {
    guard session.offers(ServiceName.content, method) else {
      throw HullError(.invalidArgument, "the client offers no directory for caches: name one with type=local")
    }
  }

  private func named(_ error: RPCError, _ digest: Digest) -> HullError {
    HullError(error.code == .notFound ? .notFound : .unavailable, "\(directory): blob \(digest): \(error.message)")
  }

  private var metadata: Metadata { ["buildkit-attachable-store-id": .string("local:" + directory)] }
}
