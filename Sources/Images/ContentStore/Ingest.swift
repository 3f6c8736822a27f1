// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Blobs that are being received: a private directory, gone with this value unless they are published.
package final class Ingest: @unchecked Sendable {
  // `count` is for the one thread that receives; what was received may be opened by any, since `directory` never changes.
  /// A file in the private directory.
  package struct File: Sendable, Hashable {
    fileprivate let name: String
  }

  private let store: ContentStore
  private let name: String
  private let directory: Int32
  private let disk: DiskGuard
  private var count = 0

  /// - Parameter name: of the private directory; in use until this value is gone.
  init(_ store: ContentStore, name: String) throws(HullError) {
    self.store = store
    self.name = name
    guard mkdirat(store.ingests, name, 0o700) == 0 else { throw HullError("cannot make a directory to receive blobs", SystemError(errno, name)) }
    directory = try step("cannot receive blobs") { () throws(SystemError) in
      try Files.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: store.ingests)
    }.take()
    disk = DiskGuard(directory, place: store.root)
  }

  deinit {
    close(directory)
    try? TreeRemoval.remove(Array(name.utf8), in: store.ingests)
    store.receiving.drop(name)
  }

  /// Receives one blob: `body` writes it to the sink.
  /// - Returns: the file, and what was written to it.
  package func receive(_ body: (any ByteSink) throws(HullError) -> Void) throws(HullError) -> (file: File, digest: Digest, size: Int64) {
    let incoming = try begin()
    try body(incoming)
    return incoming.finish()
  }

  /// Begins to receive one blob whose bytes come when they come.
  package func begin() throws(HullError) -> IncomingFile {
    count += 1
    let file = File(name: String(count))
    let fd = OwnedDescriptor(
      try step("cannot receive a blob") { () throws(SystemError) in
        try Files.open(file.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600, at: directory)
      }.take())
    let sink = GuardedSink(FileSink(fd.number, name: "blob", lasting: true), disk, store)
    return IncomingFile(file, fd, sink)
  }

  /// Receives a blob that is in memory already.
  package func receive(_ bytes: [UInt8]) throws(HullError) -> (file: File, digest: Digest, size: Int64) {
    try receive { (sink) throws(HullError) in try sink.write(bytes) }
  }

  /// Opens a received file for reading; the caller closes it.
  package func open(_ file: File) throws(HullError) -> Int32 {
    try step("cannot read a received blob") { () throws(SystemError) in try Files.open(file.name, O_RDONLY | O_NOFOLLOW, at: directory) }.take()
  }

  package func read(_ file: File, limit: Int) throws(HullError) -> [UInt8] {
    let fd = OwnedDescriptor(try open(file))
    return try step("cannot read a received blob") { () throws(SystemError) in try Files.readAll(fd.number, limit: limit) }
  }

  /// Makes the files visible under their digests; on disk for good after the store's `sync()`. Blobs that are there already stay as they are.
  package func publish(_ files: [(file: File, digest: Digest)]) throws(HullError) {
    for (file, digest) in files where store.size(of: digest) == nil {
      try DurableFiles.rename(file.name, in: directory, to: digest.hex, in: store.blobs)
    }
  }
}

/// A blob that is being received, for one thread at a time.
package final class IncomingFile: ByteSink {
  private let file: Ingest.File
  private let descriptor: OwnedDescriptor
  private let sink: HashingSink
  /// Bytes so far.
  package private(set) var size: Int64 = 0

  fileprivate init(_ file: Ingest.File, _ descriptor: consuming OwnedDescriptor, _ sink: any ByteSink) {
    self.file = file
    self.descriptor = descriptor
    self.sink = HashingSink(sink)
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    try sink.write(bytes)
    size += Int64(bytes.count)
  }

  /// All is here. Once.
  package func finish() -> (file: Ingest.File, digest: Digest, size: Int64) {
    let (digest, size) = sink.finish()
    return (file, digest, size)
  }
}

/// Asks the disk guard before each write, and now and then for room.
private final class GuardedSink: ByteSink {
  /// For so many bytes room is asked at once: nobody knows how long the stream will be.
  private static let stride: Int64 = 64 << 20
  private let sink: any ByteSink
  private let disk: DiskGuard
  private let store: ContentStore
  private var room: Int64

  init(_ sink: any ByteSink, _ disk: DiskGuard, _ store: ContentStore) {
    self.sink = sink
    self.disk = disk
    self.store = store
    // What is small has room.
    room = GuardedSink.stride
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    room -= Int64(bytes.count)
    if room < 0 {
      store.makeRoom(GuardedSink.stride)
      room = GuardedSink.stride
    }
    try disk.take(Int64(bytes.count), for: "cannot store the archive")
    try sink.write(bytes)
  }
}
