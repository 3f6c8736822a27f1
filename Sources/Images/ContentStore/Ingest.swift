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

  init(_ store: ContentStore) throws(HullError) {
    self.store = store
    let name = DurableFiles.uniqueName("")
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
  }

  /// Receives one blob: `body` writes it to the sink.
  /// - Returns: the file, and what was written to it.
  package func receive(_ body: (any ByteSink) throws(HullError) -> Void) throws(HullError) -> (file: File, digest: Digest, size: Int64) {
    count += 1
    let file = File(name: String(count))
    let fd = OwnedDescriptor(
      try step("cannot receive a blob") { () throws(SystemError) in
        try Files.open(file.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600, at: directory)
      }.take())
    let sink = HashingSink(GuardedSink(FileSink(fd.number, name: "blob"), disk))
    try body(sink)
    let (digest, size) = sink.finish()
    return (file, digest, size)
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

/// Asks the disk guard before each write.
private final class GuardedSink: ByteSink {
  private let sink: any ByteSink
  private let disk: DiskGuard

  init(_ sink: any ByteSink, _ disk: DiskGuard) {
    self.sink = sink
    self.disk = disk
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    try disk.take(Int64(bytes.count), for: "cannot store the archive")
    try sink.write(bytes)
  }
}
