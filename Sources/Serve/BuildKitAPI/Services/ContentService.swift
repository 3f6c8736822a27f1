// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Errors
import GRPCCore
import Glibc
import LinuxSystem
import OCISpec
import SwiftProtobuf
import Threads

/// containerd's service Content, as far as clients read with it: what the history has kept, and the store's manifests and blobs.
struct ContentService: Sendable {
  private static let pieceSize = 1 << 20

  let backend: any BuildBackend
  let history: BuildHistory

  func register<T: ServerTransport>(with router: inout RPCRouter<T>) {
    router.unary(ServiceName.content, "Info") { (request: ContentInfoRequest, _) in
      let size = try await Blocking.run { try Self.size(path(request.digest)) }
      var answer = ContentInfoResponse()
      (answer.info.digest, answer.info.size) = (request.digest, size)
      return answer
    }
    router.stream(ServiceName.content, "Read") { (request: ContentReadContentRequest, writer: RPCWriter<ContentReadContentResponse>) in
      try await read(request, to: writer)
    }
  }

  /// Blocking.
  private func path(_ text: String) throws -> String {
    let digest = try Digest(text)
    guard let path = try history.path(of: digest) ?? backend.blobPath(digest) else {
      throw RPCError(code: .notFound, message: "content \(digest): not found")
    }
    return path
  }

  private static func size(_ path: String) throws -> Int64 {
    Int64(try step("cannot read a blob") { () throws(SystemError) in try Files.status(path) }.st_size)
  }

  private func read(_ request: ContentReadContentRequest, to writer: RPCWriter<ContentReadContentResponse>) async throws {
    let (file, size) = try await Blocking.run {
      let path = try path(request.digest)
      let file = try step("cannot read a blob") { () throws(SystemError) in try Files.open(path, O_RDONLY | O_NOFOLLOW) }
      return (BlobFile(file.take()), try Self.size(path))
    }
    var offset = request.offset
    guard offset >= 0 else { throw RPCError(code: .outOfRange, message: "content \(request.digest): offset \(offset)") }
    let end = request.size > 0 && request.size < size - offset ? offset + request.size : size
    while offset < end {
      let (start, count) = (offset, Int(min(end - offset, Int64(Self.pieceSize))))
      var piece = ContentReadContentResponse()
      piece.offset = start
      piece.data = .init(try await Blocking.run { try file.read(at: start, count) })
      guard !piece.data.isEmpty else { throw RPCError(code: .dataLoss, message: "content \(request.digest) is shorter than it was") }
      offset += Int64(piece.data.count)
      try await writer.write(piece)
    }
  }
}

/// A file that is read from any place.
private final class BlobFile: Sendable {
  private let number: Int32
  init(_ number: Int32) { self.number = number }
  deinit { close(number) }

  func read(at offset: Int64, _ count: Int) throws(HullError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = bytes.withUnsafeMutableBytes { pread(number, $0.baseAddress, count, off_t(offset)) }
    guard got >= 0 else { throw HullError("cannot read a blob", SystemError(errno, "pread")) }
    return Array(bytes.prefix(got))
  }
}
