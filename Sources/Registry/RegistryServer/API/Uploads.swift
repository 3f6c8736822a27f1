// SPDX-License-Identifier: Apache-2.0
import Errors
import Hummingbird
import NIOCore
import NIOPosix
import OCISpec
import RegistryStore

extension RegistryAPI {
  /// Bytes that are hashed and written at a time, and about as many as a read from a connection brings.
  private static let piece = 1 << 18
  private static let read = 1 << 16

  /// `POST /v2/NAME/blobs/uploads/`: begins an upload, or mounts a blob (`mount`, `from`), or takes one whole (`digest`).
  func startUpload(_ name: RepositoryName, _ call: Call) async throws -> Response {
    if let text = call.query("mount"), let mounted = try await mount(try Digest(registry: text), name, call) { return mounted }
    let algorithm = call.query("digest-algorithm") ?? "sha256"
    let whole = try call.query("digest").map { (text) throws(HullError) in try Digest(registry: text) }
    let upload = try await threads.perform { () throws(HullError) in try store.startUpload(in: name, algorithm: whole?.algorithm ?? algorithm) }
    guard let whole else { return Response(status: .accepted, headers: uploadHeaders(upload)) }
    try upload.begin()
    return try await complete(upload, whole, name, call)
  }

  /// `GET /v2/NAME/blobs/uploads/ID`: how far it is.
  func uploadStatus(_ id: String, _ name: RepositoryName) async throws -> Response {
    let upload = try await threads.perform { () throws(HullError) in try store.upload(id, in: name) }
    return Response(status: .noContent, headers: uploadHeaders(upload))
  }

  /// `PATCH`: a chunk, which begins where the upload ends, or a stream.
  func uploadChunk(_ id: String, _ name: RepositoryName, _ call: Call) async throws -> Response {
    let start = try chunkStart(call)
    let upload: Upload
    do {
      upload = try await threads.perform { () throws(HullError) in try store.takeUpload(id, in: name, at: start) }
    } catch let error as HullError where error.code == .rangeInvalid {
      var response = Response(error)
      let upload = try await threads.perform { () throws(HullError) in try store.upload(id, in: name) }
      response.headers.append(contentsOf: uploadHeaders(upload))
      return response
    }
    defer { upload.end() }
    try await receive(upload, name, call)
    try await threads.perform { () throws(HullError) in try upload.sync() }
    return Response(status: .accepted, headers: uploadHeaders(upload))
  }

  /// `PUT ?digest=`: the last chunk, or none, and the end of the upload.
  func finishUpload(_ id: String, _ name: RepositoryName, _ call: Call) async throws -> Response {
    guard let text = call.query("digest") else { throw HullError(.digestInvalid, "the digest is missing: add ?digest=") }
    let digest = try Digest(registry: text)
    let start = try chunkStart(call)
    let upload = try await threads.perform { () throws(HullError) in try store.takeUpload(id, in: name, at: start) }
    return try await complete(upload, digest, name, call)
  }

  /// `DELETE`: forgets the upload.
  func cancelUpload(_ id: String, _ name: RepositoryName) async throws -> Response {
    try await threads.perform { () throws(HullError) in try store.cancel(try store.upload(id, in: name)) }
    return Response(status: .noContent)
  }

  private func complete(_ upload: Upload, _ digest: Digest, _ name: RepositoryName, _ call: Call) async throws -> Response {
    defer { upload.end() }
    try await receive(upload, name, call)
    try await threads.perform { () throws(HullError) in try store.finish(upload, digest: digest) }
    return created(digest, name)
  }

  private func mount(_ digest: Digest, _ name: RepositoryName, _ call: Call) async throws -> Response? {
    let source = try call.query("from").map { (text) throws(HullError) in try RepositoryName(text) }
    if let source {
      guard access.allows(call.user, .pull, source) else { return nil }
      let mounted = try await threads.perform { () throws(HullError) in try store.mount(digest, from: source, into: name) }
      return mounted ? created(digest, name) : nil
    }
    // From anywhere: only where everybody who may push may read everything, or digests would tell what others have.
    guard access.readsEverything(call.user) else { return nil }
    let mounted = try await threads.perform { () throws(HullError) in try store.mount(digest, from: nil, into: name) }
    return mounted ? created(digest, name) : nil
  }

  private func created(_ digest: Digest, _ name: RepositoryName) -> Response {
    Response(status: .created, headers: [.location: "/v2/\(name)/blobs/\(digest)", .contentDigest: digest.description])
  }

  private func uploadHeaders(_ upload: Upload) -> HTTPFields {
    [
      .location: "/v2/\(upload.repository)/blobs/uploads/\(upload.id)", .range: "0-\(max(upload.offset - 1, 0))", .uploadID: upload.id,
    ]
  }

  /// Adds the request's body to an upload: the next piece is read while the last is hashed and written.
  private func receive(_ upload: Upload, _ name: RepositoryName, _ call: Call) async throws {
    let limit = try await threads.perform { () throws(HullError) in try store.room(in: name) }
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    var writing: EventLoopFuture<Void>?
    let allocator = ByteBufferAllocator()
    var piece = allocator.buffer(capacity: Self.piece + Self.read)
    do {
      for try await buffer in call.request.body {
        piece.writeImmutableBuffer(buffer)
        guard piece.readableBytes >= Self.piece else { continue }
        try await writing?.get()
        writing = threads.append(piece, to: upload, limit: limit, loop)
        piece = allocator.buffer(capacity: Self.piece + Self.read)
      }
      try await writing?.get()
      writing = nil
      if piece.readableBytes > 0 { try await threads.append(piece, to: upload, limit: limit, loop).get() }
    } catch {
      // What is being written must be at rest before another request may use the upload; what arrived stays for it.
      _ = try? await writing?.get()
      if !(error is HullError), piece.readableBytes > 0 { _ = try? await threads.append(piece, to: upload, limit: limit, loop).get() }
      throw error
    }
  }

  /// Where the chunk begins by its `Content-Range: START-END`; nil: at the end, as a stream does.
  private func chunkStart(_ call: Call) throws(HullError) -> Int64? {
    guard let header = call.request.headers[.contentRange] else { return nil }
    let ends = header.split(separator: " ").last.map { $0.split(separator: "/")[0].split(separator: "-").map { Int64($0) } } ?? []
    guard ends.count == 2, let first = ends[0], let last = ends[1], first >= 0, last >= first else {
      throw HullError(.blobUploadInvalid, "invalid Content-Range \(quoted(header)): use START-END")
    }
    if let text = call.request.headers[.contentLength], let length = Int64(text), length != last - first + 1 {
      throw HullError(.sizeInvalid, "the chunk has \(length) bytes, its Content-Range says \(last - first + 1)")
    }
    return first
  }
}

extension NIOThreadPool {
  fileprivate func append(_ piece: ByteBuffer, to upload: Upload, limit: Int64?, _ loop: any EventLoop) -> EventLoopFuture<Void> {
    runIfActive(eventLoop: loop) {
      var failure: HullError?
      piece.withUnsafeReadableBytes { bytes in
        do throws(HullError) { try upload.append(bytes, limit: limit) } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }
}
