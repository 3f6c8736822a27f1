// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// A blob on its way in: a file `root/partial/<hex>` of the whole size, and a map of what has been written of it. It outlives the process, so
/// that a download goes on where it was cut.
///
/// Several connections may write different parts; readers follow behind the part that is there from the beginning on. Thread-safe.
package final class Partial: @unchecked Sendable {
  // `map`, `hash` and `disk` are only touched inside `progress`; descriptors never change.
  package let digest: Digest
  /// bytes
  package let size: Int64
  /// Some of it came in before this value was made: by another run, perhaps before the power failed.
  package let isResumed: Bool
  let file: Int32
  private let store: ContentStore
  private let map: PartialMap
  private let hash = SHA256()
  private let disk: DiskGuard
  let progress: Monitor<Progress>

  struct Progress {
    /// Bytes that are there from the beginning on.
    var front: Int64 = 0
    /// Why no more will come.
    var failure: HullError?
  }

  static let mapSuffix = ".map"

  init(_ store: ContentStore, _ digest: Digest, size: Int64) throws(HullError) {
    self.store = store
    self.digest = digest
    self.size = size
    let file = try step("cannot receive blob \(digest)") { () throws(SystemError) in
      try Files.open(digest.hex, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600, at: store.partials)
    }
    var status = stat()
    let keeps = fstat(file.number, &status) == 0 && status.st_size == off_t(size)
    let map = try PartialMap(digest.hex + Partial.mapSuffix, in: store.partials, size: size)
    if !keeps { map.clear() }
    guard keeps || ftruncate(file.number, off_t(size)) == 0 else { throw systemFailure("cannot receive blob \(digest) of \(size) bytes") }
    isResumed = !map.written.isEmpty
    progress = Monitor(Progress(front: Partial.front(map.written)))
    self.map = map
    self.file = file.take()
    disk = DiskGuard(self.file, place: store.root)
  }

  deinit {
    close(file)
    store.receiving.drop(digest.hex)
  }

  /// What has not been written yet, ascending.
  package func missing() -> [Range<Int64>] {
    progress.with { _ in
      var missing: [Range<Int64>] = []
      var end: Int64 = 0
      for range in map.written {
        if range.lowerBound > end { missing.append(end..<range.lowerBound) }
        end = range.upperBound
      }
      return end < size ? missing + [end..<size] : missing
    }
  }

  /// Writes bytes that came in. Throws `tooLarge` when the disk is full, `invalidArgument` beyond the blob's size.
  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(HullError) {
    let end = offset + Int64(bytes.count)
    guard offset >= 0, end <= size else { throw HullError(.invalidArgument, "blob \(digest): more than its \(size) bytes came in") }
    try progress.with { (_) throws(HullError) in try disk.take(Int64(bytes.count), for: "cannot store blob \(digest)") }
    try Partial.write(file, bytes, at: offset)
    progress.with { state in
      map.add(offset..<end)
      // Bytes that come in order are hashed while they are in the processor's cache.
      if offset == hash.count { hash.update(bytes) }
      state.front = Partial.front(map.written)
    }
  }

  /// No more will come: readers get this error when they have read what is there.
  package func fail(_ error: HullError) { progress.with { $0.failure = error } }

  /// Compares the digest. With a wrong one all of it is thrown away. A right one waits to be published, also in the next run of the daemon:
  /// what only one of several blobs has failed for is not fetched again.
  package func verify() throws(HullError) {
    guard missing().isEmpty else { throw HullError(.internalError, "blob \(digest) is not complete") }
    let found = try wholeDigest()
    guard found == digest else {
      discard()
      throw HullError(.wrongDigest, "blob \(digest): wrong digest: its content is \(found)")
    }
  }

  /// Throws away what has been received.
  package func discard() {
    progress.with { _ in map.clear() }
    store.removePartial(digest.hex)
  }

  /// Hashes what has not been hashed on its way in.
  private func wholeDigest() throws(HullError) -> Digest {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    while hash.count < size {
      let count = pread(file, buffer.baseAddress, buffer.count, off_t(hash.count))
      guard count > 0 else { throw systemFailure("cannot read blob \(digest)") }
      hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return hash.finish()
  }

  private static func front(_ written: [Range<Int64>]) -> Int64 { written.first.map { $0.lowerBound == 0 ? $0.upperBound : 0 } ?? 0 }

  private static func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(HullError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(file, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset) + off_t(done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw systemFailure("cannot store a blob") }
      done += count
    }
  }
}

extension HullError.Code {
  /// Bytes came in whose digest is not the one that they were asked by. HTTP 500.
  package static let wrongDigest = HullError.Code(rawValue: "wrong digest")
}
