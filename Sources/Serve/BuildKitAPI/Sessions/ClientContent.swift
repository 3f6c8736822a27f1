// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Builder
import Errors
import GRPCCore
import OCISpec
import Synchronization
import Threads

/// A store of blobs that a client offers over its session (containerd's service Content).
struct ClientContent: Sendable {
  private static let pieceSize = 1 << 20
  private static let largestDocument: Int64 = 16 << 20

  let session: ClientSession
  /// Which of the client's stores.
  let store: String

  private var metadata: Metadata { ["buildkit-attachable-store-id": .string(store)] }

  private func check(_ method: String) throws(HullError) {
    guard session.offers(ServiceName.content, method) else {
      throw HullError(.invalidArgument, "the client offers no blobs: oci layouts need a client that does")
    }
  }

  // MARK: In

  /// The documents and blobs of the image for a platform, as files of a layout.
  /// - Parameter directory: on whose file system they lie.
  func image(_ root: Digest, _ platform: Platform, keptIn directory: String) async throws -> any FileTree {
    try check("Read")
    let writer = TreePackWriter(directory: directory)
    let image = try await LayoutImage.find(root, platform: platform) { try await read($0) }
    // The root itself need not be the image's manifest.
    var wanted = [root] + image.blobs.map(\.digest)
    var seen: Set<Digest> = []
    wanted = wanted.filter { seen.insert($0).inserted }
    for digest in wanted {
      writer.begin("blobs/\(digest.algorithm)/\(digest.hex)", TreeNode(kind: .regular, mode: 0o644))
      try await read(digest) { piece in
        try await Blocking.run { try piece.withUnsafeBytes { bytes in try writer.write(bytes) } }
      }
      try await Blocking.run { try writer.end() }
    }
    let tree = try await Blocking.run { try writer.finish() }
    for digest in wanted where try tree.digest("blobs/\(digest.algorithm)/\(digest.hex)") != digest {
      throw HullError(.invalidArgument, "oci layout \(store): blob \(digest) is another one")
    }
    return tree
  }

  private func read(_ digest: Digest) async throws -> [UInt8] {
    let bytes = Mutex<[UInt8]>([])
    try await read(digest) { piece in
      let count = bytes.withLock { bytes in
        bytes += piece
        return Int64(bytes.count)
      }
      guard count <= Self.largestDocument else { throw HullError(.tooLarge, "oci layout \(store): document \(digest) is too large") }
    }
    return bytes.withLock { $0 }
  }

  /// Gives a blob's bytes as they come; not verified.
  func read(_ digest: Digest, _ take: @escaping @Sendable ([UInt8]) async throws -> Void) async throws {
    try check("Read")
    var request = ContentReadContentRequest()
    request.digest = digest.description
    try await session.converse(ServiceName.content, "Read", metadata) { [request] (writer: RPCWriter<ContentReadContentRequest>) in
      try await writer.write(request)
    } receive: { (pieces: RPCAsyncSequence<ContentReadContentResponse, any Error>) in
      for try await piece in pieces { try await take(Array(piece.data)) }
    }
  }

  // MARK: Out

  /// Sends all blobs of a layout, children first.
  func send(_ layout: ImageLayout) async throws {
    for blob in layout.blobs { try await send(blob) { try layout.blob(blob.digest) } }
  }

  /// The client answers each message with how far it is; a blob that it has already is an error of its own kind.
  func send(_ blob: Descriptor, from open: @escaping @Sendable () throws -> any ByteSource) async throws {
    try check("Write")
    let source = try await Blocking.run { BlobPieces(try open(), size: Self.pieceSize) }
    var first = ContentWriteContentRequest()
    (first.action, first.ref) = (.stat, "hull-\(blob.digest)")
    (first.total, first.expected) = (blob.size, blob.digest.description)
    do {
      try await session.converse(ServiceName.content, "Write", metadata) { [first] (writer: RPCWriter<ContentWriteContentRequest>) in
        try await writer.write(first)
        var request = first
        request.action = .write
        while let piece = try await Blocking.run({ try source.next() }) {
          request.data = .init(piece)
          try await writer.write(request)
          request.offset += Int64(piece.count)
        }
        (request.action, request.data) = (.commit, .init())
        try await writer.write(request)
      } receive: { (answers: RPCAsyncSequence<ContentWriteContentResponse, any Error>) in
        for try await _ in answers {}
      }
    } catch let error as RPCError where error.code == .alreadyExists {
      return
    }
  }
}

/// A blob's bytes in pieces; asked by one task at a time.
private final class BlobPieces: @unchecked Sendable {
  // One call after the other, as said above.
  private let chunks: BufferedChunks

  init(_ source: any ByteSource, size: Int) { chunks = BufferedChunks(source, size: size) }

  /// `nil` at the end. Blocking.
  func next() throws(HullError) -> [UInt8]? { try chunks.next().map { Array($0) } }
}
