// SPDX-License-Identifier: Apache-2.0
import Errors
import Hummingbird
import NIOCore
import NIOPosix
import OCISpec
import RegistryStore

extension RegistryAPI {
  /// `GET` and `HEAD /v2/NAME/manifests/REFERENCE`. What was found is kept for the front.
  func manifest(_ reference: ManifestReference, _ name: RepositoryName, _ call: Call) async throws -> Response {
    let generation = store.generation(of: name)
    let manifest = try await provider(of: name).manifest(reference, in: name)
    var tag: String?
    if case .tag(let text) = reference { tag = text }
    let answer = HotAnswer(
      repository: name, generation: generation, digest: manifest.digest, type: manifest.type, body: .bytes(ByteBuffer(bytes: manifest.bytes)),
      tag: tag, expires: tag == nil ? nil : manifest.expires)
    if call.request.uri.query == nil { answers.keep(answer, for: call.request.uri.path) }
    if let tag, !call.isHead { store.notePull(tag, in: name) }
    let headers = headers(answer)
    if EntityTags.match(call.request.headers[.ifNoneMatch], answer.etag) { return Response(status: .notModified, headers: headers) }
    if call.isHead { return .headOnly(.ok, length: answer.size, headers: headers) }
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: manifest.bytes)))
  }

  /// `GET` and `HEAD /v2/NAME/blobs/DIGEST`, with ranges.
  func blob(_ digest: Digest, _ name: RepositoryName, _ call: Call) async throws -> Response {
    let generation = store.generation(of: name)
    if call.isHead {
      let size = try await provider(of: name).blobSize(digest, in: name)
      return .headOnly(.ok, length: size, headers: blobHeaders(digest))
    }
    switch try await provider(of: name).blob(digest, in: name) {
    case .file(let file):
      let answer = HotAnswer(repository: name, generation: generation, digest: digest, type: "application/octet-stream", body: .file(file))
      if call.request.uri.query == nil { answers.keep(answer, for: call.request.uri.path) }
      return send(file, digest, call)
    case .stream(let size, let write):
      var headers = blobHeaders(digest)
      headers[.acceptRanges] = nil
      headers[.contentLength] = String(size)
      return Response(status: .ok, headers: headers, body: ResponseBody(contentLength: Int(size), write))
    }
  }

  private func send(_ file: HotFile, _ digest: Digest, _ call: Call) -> Response {
    var headers = blobHeaders(digest)
    if EntityTags.match(call.request.headers[.ifNoneMatch], "\"\(digest)\"") { return Response(status: .notModified, headers: headers) }
    switch ByteRange(call.request.headers[.range], size: file.size) {
    case .whole: return Response(status: .ok, headers: headers, body: body(file, 0..<file.size))
    case .part(let range):
      headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)"
      return Response(status: .partialContent, headers: headers, body: body(file, range))
    case .unsatisfiable:
      headers[.contentRange] = "bytes */\(file.size)"
      return Response(status: .rangeNotSatisfiable, headers: headers)
    }
  }

  private func body(_ file: HotFile, _ range: Range<Int64>) -> ResponseBody {
    ResponseBody(contentLength: range.count) { [threads] writer in
      var next = range.lowerBound
      while next < range.upperBound {
        let count = Int(min(1 << 18, range.upperBound - next))
        let offset = next
        let piece = try await threads.perform { () throws(HullError) in try file.read(count, at: offset) }
        try await writer.write(piece)
        next += Int64(count)
      }
      try await writer.finish(nil)
    }
  }

  private func headers(_ answer: HotAnswer) -> HTTPFields {
    [.contentType: answer.type, .contentDigest: answer.digest, .eTag: answer.etag, .xContentTypeOptions: "nosniff"]
  }

  private func blobHeaders(_ digest: Digest) -> HTTPFields {
    [
      .contentType: "application/octet-stream", .contentDigest: digest.description, .eTag: "\"\(digest)\"", .acceptRanges: "bytes",
      .cacheControl: "max-age=31536000", .xContentTypeOptions: "nosniff",
    ]
  }
}
