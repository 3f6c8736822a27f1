// SPDX-License-Identifier: Apache-2.0
import Errors
import Hummingbird
import NIOCore
import OCISpec
import RegistryStore

extension RegistryAPI {
  /// `PUT /v2/NAME/manifests/REFERENCE`
  func putManifest(_ reference: ManifestReference, _ name: RepositoryName, _ call: Call) async throws -> Response {
    let limit = store.rules.manifestLimit
    if let text = call.request.headers[.contentLength], let length = Int(text), length > limit { throw tooLarge(length, limit) }
    var body = ByteBuffer()
    for try await buffer in call.request.body {
      guard body.readableBytes + buffer.readableBytes <= limit else { throw tooLarge(body.readableBytes + buffer.readableBytes, limit) }
      body.writeImmutableBuffer(buffer)
    }
    let bytes = Array(body.readableBytesView)
    let declared = call.request.headers[.contentType].map { String($0.prefix { $0 != ";" && $0 != " " }) }
    let manifest = try await threads.perform { () throws(HullError) in
      try store.putManifest(bytes, declared: declared, as: reference, in: name)
    }
    var response = Response(
      status: .created, headers: [.location: "/v2/\(name)/manifests/\(manifest.digest)", .contentDigest: manifest.digest.description])
    if let subject = manifest.content.subject { response.headers[.subject] = subject.digest.description }
    return response
  }

  /// `DELETE /v2/NAME/manifests/REFERENCE`: a tag by its name, a manifest with its tags by its digest.
  func deleteManifest(_ reference: ManifestReference, _ name: RepositoryName) async throws -> Response {
    try await threads.perform { () throws(HullError) in
      switch reference {
      case .tag(let tag): try store.deleteTag(tag, in: name)
      case .digest(let digest): try store.deleteManifest(digest, in: name)
      }
    }
    return Response(status: .accepted)
  }

  /// `DELETE /v2/NAME/blobs/DIGEST`
  func deleteBlob(_ digest: Digest, _ name: RepositoryName) async throws -> Response {
    try await threads.perform { () throws(HullError) in try store.deleteBlob(digest, in: name) }
    return Response(status: .accepted)
  }

  private func tooLarge(_ size: Int, _ limit: Int) -> HullError {
    HullError(.tooLarge, "the manifest has \(size) bytes or more: at most \(limit) are allowed")
  }
}
