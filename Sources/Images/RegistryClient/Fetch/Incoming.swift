// SPDX-License-Identifier: Apache-2.0
import Errors
import NIOHTTP1
import OCISpec

/// An answer that brings a range of a blob.
struct Incoming: Sendable {
  let answer: Answer
  /// Which bytes of the blob its body is, as far as it says the truth.
  let range: Range<Int64>
}

extension BlobFetch {
  /// Asks for a range of the blob. Where the place sends the whole instead, the range of the result says so.
  /// - Throws: `misbehaved` for an answer that contradicts the request or the blob's size.
  func open(_ wanted: Range<Int64>) async throws -> Incoming {
    let isWhole = wanted == 0..<blob.size
    let answer = try await client.send(.GET, "blobs/\(blob.digest)") { call in
      // Whoever compresses on the way sends other bytes than those that the digest is of.
      call.headers.add(name: "Accept-Encoding", value: "identity")
      if !isWhole { call.headers.add(name: "Range", value: "bytes=\(wanted.lowerBound)-\(wanted.upperBound - 1)") }
    }
    switch answer.status {
    case .partialContent where !isWhole: return Incoming(answer: answer, range: try partialRange(answer, wanted))
    case .ok: return Incoming(answer: answer, range: try checked(answer, 0..<blob.size))
    case .rangeNotSatisfiable:
      throw misbehaved(answer, "says that bytes \(wanted.lowerBound)-\(wanted.upperBound - 1) are not in the blob, which has \(blob.size)")
    case _ where answer.isSuccess: throw misbehaved(answer, "answered \(answer.statusLine) to a request for the blob")
    default: throw await answer.failure(core.limits)
    }
  }

  func misbehaved(_ answer: Answer, _ what: String) -> PlaceFailure {
    PlaceFailure(.misbehaved, "\(answer.call.address.authority) \(what)")
  }

  /// The range that a 206 says it has: may end early, but must begin where it was asked to.
  private func partialRange(_ answer: Answer, _ wanted: Range<Int64>) throws -> Range<Int64> {
    let text = answer.headers.first(name: "content-range") ?? ""
    guard let (range, size) = ContentRange.parse(text) else {
      throw misbehaved(answer, "sent a part of the blob without saying which: Content-Range is \(quoted(text))")
    }
    guard range.lowerBound == wanted.lowerBound, range.upperBound <= wanted.upperBound, size == nil || size == blob.size else {
      throw misbehaved(
        answer, "was asked for bytes \(wanted.lowerBound)-\(wanted.upperBound - 1) of \(blob.size), but sent Content-Range \(quoted(text))")
    }
    return try checked(answer, range)
  }

  private func checked(_ answer: Answer, _ range: Range<Int64>) throws -> Range<Int64> {
    guard answer.length == nil || answer.length == Int64(range.count) else {
      throw misbehaved(answer, "says that it sends \(answer.length ?? 0) bytes where the blob has \(range.count)")
    }
    return range
  }
}

/// `bytes 0-99/1000` (RFC 9110, section 14.4).
enum ContentRange {
  /// The range, and the size of the whole where it is known; `nil` for anything else.
  static func parse(_ text: String) -> (range: Range<Int64>, size: Int64?)? {
    guard text.lowercased().hasPrefix("bytes ") else { return nil }
    let halves = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
    let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
    guard halves.count == 2, ends.count == 2, let first = number(ends[0]), let last = number(ends[1]), first <= last, last < .max else { return nil }
    if halves[1] == "*" { return (first..<(last + 1), nil) }
    guard let size = number(halves[1]), last < size else { return nil }
    return (first..<(last + 1), size)
  }

  private static func number(_ text: Substring) -> Int64? {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(text) : nil
  }
}
