// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec
import Synchronization

/// A blob that is being received: bytes in a file, which survives a restart, and the sum of them, which is counted anew then.
///
/// Unchecked: `hash` and `disk` belong to the one request that has taken the upload with `begin`, until it says `end`.
package final class Upload: @unchecked Sendable {
  private struct State {
    var busy = false
    var gone = false
  }

  package let id: String
  package let repository: RepositoryName
  private let file: OwnedDescriptor
  var descriptor: Int32 { file.number }
  private let state = Mutex(State())
  private let received: Atomic<Int64>
  private var hash: ContentHash
  private let disk: DiskGuard

  init(id: String, repository: RepositoryName, file: consuming OwnedDescriptor, algorithm: String, place: String) throws(HullError) {
    self.id = id
    self.repository = repository
    hash = try Upload.sum(of: file.number, algorithm: algorithm)
    received = Atomic(hash.count)
    disk = DiskGuard(file.number, place: place)
    self.file = file
  }

  /// Bytes received so far.
  package var offset: Int64 { received.load(ordering: .acquiring) }

  /// Takes the upload for one request. Throws `RANGE_INVALID` when `start` is given and not where the upload ends, and
  /// `BLOB_UPLOAD_INVALID` while another request uses it.
  package func begin(at start: Int64? = nil) throws(HullError) {
    try state.withLock { (state) throws(HullError) in
      let end = offset
      guard !state.gone else { throw Uploads.unknown(id) }
      guard !state.busy else { throw HullError(.blobUploadInvalid, "upload \(id) is in use by another request") }
      if let start, start != end { throw HullError(.rangeInvalid, "upload \(id): the next chunk must begin at byte \(end), not \(start)") }
      state.busy = true
    }
  }

  package func end() { state.withLock { $0.busy = false } }

  /// Adds bytes at the end. Throws `DENIED` beyond `limit` bytes in all, `tooLarge` when the disk is nearly full.
  package func append(_ bytes: UnsafeRawBufferPointer, limit: Int64?) throws(HullError) {
    let end = hash.count + Int64(bytes.count)
    if let limit, end > limit {
      throw HullError(.denied, "quota of \(repository): upload \(id) is larger than the \(max(limit, 0)) bytes that are left")
    }
    try disk.take(Int64(bytes.count), for: "cannot receive upload \(id)")
    try write(bytes, at: hash.count)
    hash.update(bytes)
    received.store(end, ordering: .releasing)
  }

  /// Writes what was received out to the disk.
  package func sync() throws(HullError) { try DurableFiles.sync(file.number) }

  /// The digest of what was received, by the algorithm asked for.
  func digest(_ algorithm: String) throws(HullError) -> Digest {
    if hash.algorithm != algorithm { hash = try Upload.sum(of: file.number, algorithm: algorithm) }
    return try hash.digest()
  }

  /// Whether nobody is using it now; from then on nobody can.
  func retire() -> Bool {
    state.withLock { state in
      if state.busy { return false }
      state.gone = true
      return true
    }
  }

  func markGone() { state.withLock { $0.gone = true } }

  private func write(_ bytes: UnsafeRawBufferPointer, at start: Int64) throws(HullError) {
    var done = 0
    while done < bytes.count {
      done += try step("cannot write upload \(id)") { () throws(SystemError) in
        try checked("pwrite") { pwrite(file.number, bytes.baseAddress! + done, bytes.count - done, off_t(start) + off_t(done)) }
      }
    }
  }

  private static func sum(of file: Int32, algorithm: String) throws(HullError) -> ContentHash {
    let hash = try ContentHash(algorithm)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = try step("cannot read an upload") { () throws(SystemError) in
        try checked("pread") { pread(file, buffer.baseAddress, buffer.count, off_t(hash.count)) }
      }
      if count == 0 { return hash }
      hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}

extension Upload {
  /// Another descriptor of what has been received so far; it goes on to stand for the blob when the upload has become one. The caller closes it.
  package func duplicate() throws(HullError) -> Int32 {
    try step("cannot read upload \(id)") { () throws(SystemError) in try Descriptors.duplicate(descriptor) }.take()
  }
}
