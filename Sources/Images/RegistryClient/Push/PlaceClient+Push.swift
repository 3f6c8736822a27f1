// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import NIOHTTP1
import OCISpec

extension PlaceClient {
  /// Asks the registry to take a blob over from another repository (distribution specification, mounting a blob).
  /// - Returns: `nil` when it did, otherwise the upload that it opened instead.
  func mount(_ digest: Digest, from repository: String) async throws -> WebAddress? {
    let answer = try await retrying(attempts) {
      try await send(.POST, "blobs/uploads/", patience: core.limits.answerTimeout) { call in
        call.address = call.address.adding("mount", digest.description).adding("from", repository)
      }
    }
    if answer.status == .created { return nil }
    return try await session(answer)
  }

  /// Opens an upload.
  func openUpload() async throws -> WebAddress {
    try await session(try await send(.POST, "blobs/uploads/", patience: core.limits.answerTimeout))
  }

  /// Where an upload goes on: the `Location` of an answer, which may be on another host.
  func session(_ answer: Answer) async throws -> WebAddress {
    guard answer.isSuccess else { throw await answer.failure(core.limits) }
    await answer.discard()
    guard let location = answer.headers.first(name: "location") else {
      throw PlaceFailure(.misbehaved, "\(answer.call.described): the registry accepted an upload without saying where to")
    }
    do throws(HullError) {
      let session = try answer.call.address.resolving(location)
      guard session.scheme == .https || answer.call.address.scheme == .http else {
        throw HullError(.internalError, "upload location \(session.origin) would leave TLS")
      }
      return session
    } catch {
      throw PlaceFailure(.misbehaved, "\(answer.call.described): \(error.message)")
    }
  }

  /// How far an upload is (distribution specification, resuming an upload); `nil` when the registry cannot say.
  func status(of session: WebAddress) async throws -> (session: WebAddress, offset: Int64)? {
    var call = Call(.GET, session)
    call.patience = core.limits.stallTimeout
    let answer = try await send(call)
    await answer.discard()
    guard answer.isSuccess, let text = answer.headers.first(name: "range") else { return nil }
    guard let (range, _) = ContentRange.parse("bytes \(text.replacing("bytes=", with: ""))/*") else { return nil }
    let next = answer.headers.first(name: "location").flatMap { try? session.resolving($0) } ?? session
    // Nothing and one byte are both written `0-0` by some registries: an upload that hardly began is begun anew.
    return range.lowerBound == 0 && range.upperBound > 1 ? (next, range.upperBound) : nil
  }

  /// Gives an upload up, so that the registry need not keep it.
  func cancel(_ session: WebAddress) async {
    var call = Call(.DELETE, session)
    call.patience = .seconds(5)
    if let answer = try? await send(call) { await answer.discard() }
  }

  func putManifest(_ selector: ManifestSelector, bytes: [UInt8], mediaType: String) async throws -> Answer {
    let answer = try await send(.PUT, "manifests/\(selector)", patience: core.limits.answerTimeout) { call in
      call.headers.add(name: "Content-Type", value: mediaType)
      call.body = .bytes(bytes)
    }
    guard answer.isSuccess else { throw await answer.failure(core.limits) }
    await answer.discard()
    return answer
  }

  /// Adds a manifest with a subject to the index of what refers to that (distribution specification, pushing manifests with subject).
  func announceReferrer(_ bytes: [UInt8], mediaType: String, digest: Digest) async throws {
    guard let referrer = try? JSONDecoder().decode(Referrer.self, from: Data(bytes)), let subject = referrer.subject else { return }
    var descriptor = Descriptor(mediaType: mediaType, digest: digest, size: Int64(bytes.count), annotations: referrer.annotations)
    descriptor.artifactType = referrer.artifactType ?? referrer.config?.mediaType
    let known = try await taggedReferrers(subject.digest)
    guard !known.contains(where: { $0.digest == digest }), let index = try? JSONEncoder().encode(Index(manifests: known + [descriptor])) else {
      return
    }
    _ = try await putManifest(.tag(PlaceClient.referrersTag(subject.digest)), bytes: Array(index), mediaType: MediaType.ociIndex)
  }
}

/// What of a manifest goes into an index of referrers.
private struct Referrer: Decodable {
  var subject: Descriptor?
  var config: Descriptor?
  var artifactType: String?
  var annotations: [String: String]?
}
