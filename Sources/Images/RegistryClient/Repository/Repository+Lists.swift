// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import NIOHTTP1
import OCISpec

extension Repository {
  /// The tags, in the order in which the registry lists them (distribution specification, listing tags).
  /// - Parameter limit: at most so many; `nil`: all.
  package func tags(limit: Int? = nil) async throws -> [String] {
    try await found(.list("tags")) { client in
      try await client.pages("tags/list", query: limit.map { ("n", String($0)) }, limit: limit ?? .max) { (page: TagPage, _) in page.tags ?? [] }
    }
  }

  /// What refers to a manifest: signatures, bills of material (distribution specification, listing referrers), by the API or by the tag scheme.
  /// - Parameter artifactType: only those of this type.
  package func referrers(_ digest: Digest, artifactType: String? = nil) async throws -> [Descriptor] {
    try await found(.list("referrers of \(digest)")) { client in
      let all: [Descriptor]
      do {
        all = try await client.pages("referrers/\(digest)", query: artifactType.map { ("artifactType", $0) }, limit: 100_000) { (page: Index, _) in
          page.manifests
        }
      } catch let failure as PlaceFailure where failure.kind == .missing || failure.kind == .refused {
        all = try await client.taggedReferrers(digest)
      }
      return artifactType.map { type in all.filter { $0.artifactType == type } } ?? all
    }
  }

  /// Whether a place has a blob; where things are pushed to, only the registry counts.
  package func has(_ digest: Digest) async throws -> Bool {
    try await eachPlace(.blob(digest)) { client in
      guard try await client.hasBlob(digest) else { throw PlaceFailure(.missing, "the blob is not there") }
      return true
    } ?? false
  }

  private func found<Result>(_ subject: PlaceReports.Subject, _ body: (PlaceClient) async throws -> Result) async throws -> Result {
    guard let result = try await eachPlace(subject, body) else {
      throw HullError(.notFound, "repository \(reference.familiarName) not found: no place has it")
    }
    return result
  }

  /// Asks the places in order; `nil` when all say that it is not there.
  private func eachPlace<Result>(_ subject: PlaceReports.Subject, _ body: (PlaceClient) async throws -> Result) async throws -> Result? {
    var reports = PlaceReports(reference, subject)
    var isMissing = true
    for client in try await places() {
      do { return try await retrying(client.attempts) { try await body(client) } } catch let failure as PlaceFailure {
        isMissing = isMissing && failure.kind == .missing && failure.code.isEmpty
        reports.add(client.place, failure)
      }
    }
    if isMissing { return nil }
    throw reports.error
  }
}

/// A page of the list of tags.
private struct TagPage: Decodable {
  var tags: [String]?
}

extension PlaceClient {
  /// Reads a list page by page.
  func pages<Page: Decodable, Element>(
    _ path: String, query: (String, String)?, limit: Int, _ elements: (Page, Answer) -> [Element]
  ) async throws -> [Element] {
    var all: [Element] = []
    var answer = try await send(.GET, path) { call in
      if let query { call.address = call.address.adding(query.0, query.1) }
    }
    for _ in 0..<Pages.most {
      guard answer.isSuccess else { throw await answer.failure(core.limits) }
      let bytes = try await answer.bytes(limit: PlaceClient.longestManifest, stall: core.limits.stallTimeout)
      guard let page = try? JSONDecoder().decode(Page.self, from: Data(bytes)) else {
        throw PlaceFailure(.misbehaved, "\(answer.call.described): the answer is not the list that the specification asks for")
      }
      all += elements(page, answer)
      guard all.count < limit, let next = Pages.next(after: answer) else { return Array(all.prefix(limit)) }
      var call = Call(.GET, next)
      call.patience = core.limits.stallTimeout
      answer = try await send(call)
    }
    throw PlaceFailure(.misbehaved, "\(answer.call.described): the list does not end")
  }

  func hasBlob(_ digest: Digest) async throws -> Bool {
    let answer = try await send(.HEAD, "blobs/\(digest)")
    if answer.isSuccess { return true }
    guard answer.status == .notFound else { throw await answer.failure(core.limits) }
    return false
  }

  /// The index under the tag that stands for the API where there is none (distribution specification, referrers tag schema).
  func taggedReferrers(_ digest: Digest) async throws -> [Descriptor] {
    do {
      let manifest = try await manifest(.tag(PlaceClient.referrersTag(digest)))
      return try JSONDecoder().decode(Index.self, from: Data(manifest.bytes)).manifests
    } catch let failure as PlaceFailure where failure.kind == .missing {
      return []
    } catch is DecodingError {
      throw PlaceFailure(.misbehaved, "the index of referrers of \(digest) is not one")
    }
  }

  static func referrersTag(_ digest: Digest) -> String { "\(digest.algorithm)-\(digest.hex.prefix(64))" }
}
