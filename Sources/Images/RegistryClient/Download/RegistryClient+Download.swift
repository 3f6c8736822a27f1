// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// What a web server says of a file, beside its bytes.
package struct WebFile: Sendable, Hashable {
  /// `ETag`, as it was sent.
  package var etag: String?
  /// `Last-Modified`: seconds since 1970.
  package var modified: Int64?
  package var contentType = ""

  package init() {}
}

extension RegistryClient {
  /// Fetches a file of the web (RFC 9110) by the rules that hold for registries: proxies, certificates, redirects, no waiting for ever.
  /// - Parameters:
  ///   - limit: bytes.
  ///   - write: takes the bytes in order; waits as long as it likes.
  /// - Throws: `notFound`, `tooLarge`, `unavailable`, and `invalidArgument` for anything else that the server refuses.
  package func download(_ request: WebRequest, limit: Int64, write: @escaping @Sendable ([UInt8]) async throws -> Void) async throws -> WebFile {
    do {
      let answer = try await core.transport.send(request.call(.GET, patience: core.limits.answerTimeout))
      guard answer.isSuccess else { throw Self.refusal(answer) }
      try await answer.pass(limit: limit, stall: core.limits.stallTimeout, to: write)
      return WebFile(answer)
    } catch let failure as PlaceFailure {
      throw HullError(failure.error.code, "cannot download \(request.address): \(failure.error.message)")
    }
  }

  /// Whether a copy that the caller has is still the right one, without fetching anything (RFC 9110, section 13.1.2); `false` also when the server does
  /// not say.
  package func isUnchanged(_ request: WebRequest, etag: String) async throws -> Bool {
    var call = request.call(.HEAD, patience: core.limits.answerTimeout)
    call.headers.add(name: "If-None-Match", value: etag)
    do {
      let answer = try await core.transport.send(call)
      await answer.discard()
      return answer.status == .notModified || (answer.isSuccess && answer.headers.first(name: "etag") == etag)
    } catch is PlaceFailure {
      return false
    }
  }

  private static func refusal(_ answer: Answer) -> HullError {
    let code: HullError.Code = [404, 410].contains(answer.status.code) ? .notFound : answer.status.code >= 500 ? .unavailable : .invalidArgument
    return HullError(code, "cannot download \(answer.call.address): the server answered \(answer.statusLine)")
  }
}

extension WebFile {
  fileprivate init(_ answer: Answer) {
    etag = answer.headers.first(name: "etag")
    modified = answer.headers.first(name: "last-modified").flatMap { HTTPDate.seconds($0) }.map { Int64($0) }
    contentType = answer.headers.first(name: "content-type") ?? ""
  }
}

extension Answer {
  /// The body, piece by piece. A server that stands still for `stall` while somebody waits for it is given up.
  fileprivate func pass(limit: Int64, stall: Duration, to write: @escaping @Sendable ([UInt8]) async throws -> Void) async throws {
    let tooMuch = HullError(.tooLarge, "cannot download \(call.address): it has more than \(limit) bytes")
    if let length, length > limit { throw tooMuch }
    let (call, body, length) = (call, body, length)
    try await withStallGuard(stall, call) { guarded in
      var count: Int64 = 0
      do {
        for try await chunk in body {
          guarded.beat()
          count += Int64(chunk.readableBytes)
          guard count <= limit else { throw tooMuch }
          try await write(Array(chunk.readableBytesView))
          guarded.beat()
        }
      } catch let error where !(error is HullError) {
        throw call.failure(error)
      }
      try Task.checkCancellation()
      if let length, count != length { throw PlaceFailure(.cut, "\(call.described): \(count) of \(length) bytes came") }
    }
  }
}
