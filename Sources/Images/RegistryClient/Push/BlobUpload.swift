// SPDX-License-Identifier: Apache-2.0
import Errors
import NIOHTTP1
import OCISpec
import Synchronization

/// Sends one blob to a registry, in one piece; after a cut, from where the registry stands if it can say, else anew.
struct BlobUpload: Sendable {
  let client: PlaceClient
  let blob: Descriptor
  let source: any BlobReader
  let progress: @Sendable (Int64) -> Void

  private var core: ClientCore { client.core }

  /// - Parameter session: an upload that is open already.
  func run(_ session: WebAddress?) async throws -> PushOutcome {
    let cursor = Cursor(0)
    var session = session
    var attempts = Attempts(core.limits)
    while true {
      let begun = cursor.position
      do {
        let current: WebAddress
        if let session { current = session } else { current = try await client.openUpload() }
        session = current
        try await send(to: current, from: begun, cursor)
        return .pushed
      } catch let failure as PlaceFailure {
        guard let pause = attempts.pause(after: failure) else { throw failure }
        try await Task.sleep(for: pause)
        if try await isThere() { return .exists }
        session = try await resume(session, cursor)
        if cursor.position > begun { attempts.progressed() }
      }
    }
  }

  /// The whole blob is one PUT; what is left of one is a PATCH, and a PUT that ends it (distribution specification, pushing blobs).
  private func send(to session: WebAddress, from offset: Int64, _ cursor: Cursor) async throws {
    var final = session
    if offset > 0 {
      var patch = Call(.PATCH, session)
      patch.headers.add(name: "Content-Range", value: "\(offset)-\(blob.size - 1)")
      final = try await client.session(try await stream(patch, from: offset, cursor))
    }
    var put = Call(.PUT, final.adding("digest", blob.digest.description))
    put.patience = core.limits.answerTimeout
    let answer = offset > 0 || blob.size == 0 ? try await client.send(put) : try await stream(put, from: 0, cursor)
    guard answer.isSuccess else { throw await answer.failure(core.limits) }
    await answer.discard()
  }

  private func stream(_ call: Call, from offset: Int64, _ cursor: Cursor) async throws -> Answer {
    try await withStallGuard(core.limits.stallTimeout, answer: core.limits.answerTimeout, call) { guarded in
      var call = call
      call.patience = nil
      call.headers.add(name: "Content-Type", value: "application/octet-stream")
      call.body = .stream(length: blob.size - offset) {
        // Sent anew after a redirect or a 401: what was counted before does not count.
        progress(offset - cursor.position)
        cursor.move(to: offset)
        return BlobBody(blob: blob, source: source, offset: offset, threads: core.threads) { count in
          guarded.beat()
          cursor.move(to: cursor.position + Int64(count))
          if cursor.position == blob.size { guarded.awaitAnswer() }
          progress(Int64(count))
        }
      }
      return try await client.send(call)
    }
  }

  /// A cut may have hidden that everything had arrived.
  private func isThere() async throws -> Bool {
    do { return try await client.hasBlob(blob.digest) } catch is PlaceFailure { return false }
  }

  /// Finds out how far the registry is and puts the cursor there; without an answer everything is sent anew.
  private func resume(_ session: WebAddress?, _ cursor: Cursor) async throws -> WebAddress? {
    var found: (session: WebAddress, offset: Int64)?
    if let session {
      do { found = try await client.status(of: session) } catch is PlaceFailure {}
    }
    let offset = found.map { $0.offset < blob.size ? $0.offset : 0 } ?? 0
    progress(offset - cursor.position)
    cursor.move(to: offset)
    return offset > 0 ? found?.session : nil
  }
}
