// SPDX-License-Identifier: Apache-2.0
import Archive
import Builder
import NIOCore
import Threads

/// The archive that is the body of `POST /build`.
struct ContextUpload: Sendable {
  /// Bytes of archives that are received in memory: what joins the network with a thread of their own costs more than they do.
  private static let small = 64 << 10

  private let body: BodyStream
  private let loop: any EventLoop
  private let directory: String
  private var pieces: [ByteBuffer] = []
  private var isWhole = false

  /// Receives the beginning, which for a small context is all of it.
  /// - Parameter directory: on whose file system the files are kept.
  init(_ request: Request, keptIn directory: String) async throws {
    (body, loop, self.directory) = (request.body, request.loop, directory)
    var count = 0
    while count < Self.small {
      guard let piece = try await body.next() else {
        isWhole = true
        return
      }
      count += piece.readableBytes
      pieces.append(piece)
    }
  }

  /// The files, once all of it is there.
  func receive() async throws -> TreePack {
    let (directory, pieces) = (directory, pieces)
    if isWhole {
      let bytes = pieces.flatMap { Array($0.readableBytesView) }
      return try await Blocking.run { try TreePack.receive(PrefixedSource(bytes), keptIn: directory, size: bytes.count) }
    }
    return try await Bridge.feed(body, after: pieces, on: loop) { descriptor in
      try await Blocking.stream { try TreePack.receive(FileSource(descriptor, name: "the build context"), keptIn: directory) }
    }
  }
}
