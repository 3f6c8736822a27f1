// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

extension Repository {
  /// Fetches a manifest or index: OCI's, or Docker's of schema 2.
  ///
  /// Verified: the digest that was asked for, digest and size of what is expected, that the media type is known and the document says the same.
  /// - Throws: `notFound` with Docker's `manifest for … not found` and `pull access denied for …`; `unsupported` for schema 1.
  package func manifest(_ selector: ManifestSelector, expecting: Descriptor? = nil) async throws -> RemoteManifest {
    try await first(selector, asking: { selector.isAsked(of: $0) }) { client in
      try await retrying(client.attempts) { try await client.manifest(selector, expecting: expecting) }
    }
  }

  /// What a tag or digest stands for, without its bytes; `nil` when no place has it.
  package func descriptor(_ selector: ManifestSelector) async throws -> Descriptor? {
    try await optional {
      try await first(selector, asking: { selector.isAsked(of: $0) }) { client in
        try await retrying(client.attempts) { try await client.descriptor(selector) }
      }
    }
  }

  /// `nil` in place of `notFound`.
  private func optional<Result>(_ body: () async throws -> Result) async throws -> Result? {
    do { return try await body() } catch let error as HullError where error.code == .notFound && !error.message.hasPrefix("pull access denied") {
      return nil
    }
  }
}

extension ManifestSelector {
  fileprivate func isAsked(of place: Place) -> Bool {
    if case .tag = self { place.resolvesTags } else { true }
  }
}

extension PlaceClient {
  /// For requests that a user waits for.
  var attempts: Attempts { Attempts(core.limits, maximum: min(3, core.limits.attempts), retriesUnreachable: false) }

  /// Docker's limit of a manifest: 4 MiB.
  static let longestManifest = 4 << 20

  func manifest(_ selector: ManifestSelector, expecting: Descriptor? = nil) async throws -> RemoteManifest {
    let answer = try await send(.GET, "manifests/\(selector)") { $0.headers.add(contentsOf: ManifestDocument.accepted) }
    guard answer.isSuccess else { throw await answer.failure(core.limits) }
    let bytes: [UInt8]
    do {
      bytes = try await answer.bytes(limit: PlaceClient.longestManifest, stall: core.limits.stallTimeout)
    } catch let failure as PlaceFailure where failure.kind == .misbehaved {
      throw failure.saying("the manifest is larger than 4 MiB, which no image needs: it is refused", code: .tooLarge)
    }
    let digest = SHA256.digest(of: bytes)
    try verify(bytes.count, digest, against: selector, expecting, answer)
    let type = try ManifestDocument.mediaType(of: bytes, header: answer.headers.first(name: "content-type"))
    return RemoteManifest(bytes: bytes, descriptor: Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count)), place: place.name)
  }

  /// Asks by HEAD; where that does not say everything, by GET.
  func descriptor(_ selector: ManifestSelector) async throws -> Descriptor {
    let answer = try await send(.HEAD, "manifests/\(selector)") { $0.headers.add(contentsOf: ManifestDocument.accepted) }
    if answer.isSuccess, let type = answer.headers.first(name: "content-type"), let size = answer.length,
      let digest = answer.headers.first(name: "docker-content-digest").flatMap({ try? Digest($0) }), ManifestDocument.isKnown(type)
    {
      if case .digest(let wanted) = selector, wanted != digest { return try await manifest(selector).descriptor }
      return Descriptor(mediaType: ManifestDocument.bare(type), digest: digest, size: size)
    }
    if answer.status == .notFound { throw await answer.failure(core.limits) }
    return try await manifest(selector).descriptor
  }

  private func verify(_ size: Int, _ digest: Digest, against selector: ManifestSelector, _ expecting: Descriptor?, _ answer: Answer) throws {
    var wanted: [Digest] = []
    if case .digest(let asked) = selector { wanted.append(asked) }
    if let expecting { wanted.append(expecting.digest) }
    if let said = answer.headers.first(name: "docker-content-digest").flatMap({ try? Digest($0) }), said.algorithm == "sha256" { wanted.append(said) }
    if let wrong = wanted.first(where: { $0 != digest }) {
      throw PlaceFailure(.misbehaved, "manifest verification failed for digest \(wrong): what came has the digest \(digest)")
    }
    if let expecting, expecting.size != Int64(size) {
      throw PlaceFailure(.misbehaved, "manifest \(digest) has \(size) bytes, but \(expecting.size) were announced")
    }
  }
}
