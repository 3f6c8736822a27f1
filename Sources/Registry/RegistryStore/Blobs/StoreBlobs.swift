// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

extension RegistryStore {
  /// Opens a blob of a repository for reading; the caller closes it. Throws `BLOB_UNKNOWN`.
  package func openBlob(_ digest: Digest, in name: RepositoryName) throws(HullError) -> (descriptor: Int32, size: Int64) {
    guard let number = try shelf.open(Layout.blob(digest, in: name)) else { throw RegistryStore.unknown(digest, name) }
    var status = stat()
    guard fstat(number, &status) == 0 else {
      close(number)
      throw HullError("cannot read blob \(digest)", SystemError(errno, "fstat"))
    }
    return (number, Int64(status.st_size))
  }

  /// Bytes of a blob of a repository, and a promise: it stays for the collector's grace from now on. Throws `BLOB_UNKNOWN`.
  package func leaseBlob(_ digest: Digest, in name: RepositoryName) throws(HullError) -> Int64 {
    let path = Layout.blob(digest, in: name)
    // The lock: the collector must not remove what is being promised.
    return try repositories.withLock(name) { () throws(HullError) in
      guard let status = shelf.status(path) else { throw RegistryStore.unknown(digest, name) }
      if RegistryStore.now() - Int64(status.st_ctim.tv_sec) > 60 { shelf.touch(path) }
      return Int64(status.st_size)
    }
  }

  /// A whole small blob. Throws `BLOB_UNKNOWN`, and an internal error when it is larger than `limit`.
  package func readBlob(_ digest: Digest, in name: RepositoryName, limit: Int = 4 << 20) throws(HullError) -> [UInt8] {
    guard let bytes = try shelf.read(Layout.blob(digest, in: name), limit: limit) else { throw RegistryStore.unknown(digest, name) }
    return bytes
  }

  /// Makes a blob of one repository a blob of another, without its bytes moving.
  /// - Parameter source: nil takes it from wherever it is.
  /// - Returns: false when it is not there. Throws `DENIED` beyond the quota.
  package func mount(_ digest: Digest, from source: RepositoryName?, into name: RepositoryName) throws(HullError) -> Bool {
    let path = source.map { Layout.blob(digest, in: $0) } ?? Layout.blob(digest)
    return try repositories.withLock(name) { () throws(HullError) in
      if let there = shelf.status(Layout.blob(digest, in: name)) {
        _ = there
        shelf.touch(Layout.blob(digest, in: name))
        return true
      }
      guard let status = shelf.status(path) else { return false }
      try admit(Int64(status.st_size), into: name)
      let mounted = try contents.withLock(digest) { () throws(HullError) in
        guard shelf.status(path) != nil else { return false }
        try share(path, as: Layout.blob(digest, in: name))
        return true
      }
      if mounted { usage.add(Int64(status.st_size), to: name) }
      return mounted
    }
  }

  /// Takes a blob out of a repository. Throws `BLOB_UNKNOWN`, or `UNSUPPORTED` while a manifest there needs it.
  package func deleteBlob(_ digest: Digest, in name: RepositoryName) throws(HullError) {
    try repositories.change(name) { () throws(HullError) in
      guard let status = shelf.status(Layout.blob(digest, in: name)) else { throw RegistryStore.unknown(digest, name) }
      if let user = try manifests(in: name).first(where: { $0.content.blobs.contains { $0.digest == digest } }) {
        throw HullError(.unsupportedHere, "blob \(digest) of \(name) is part of manifest \(user.digest): delete that first")
      }
      try shelf.remove(Layout.blob(digest, in: name))
      usage.add(-Int64(status.st_size), to: name)
    }
  }

  /// Gives a complete, synced file its place among the blobs and in a repository, unless it is there already.
  /// Called with the repository's lock held.
  func publish(_ file: String, digest: Digest, size: Int64, as path: String) throws(HullError) {
    try contents.withLock(digest) { () throws(HullError) in
      let blob = Layout.blob(digest)
      // A file of another length is what a broken disk left: it is replaced.
      if let status = shelf.status(blob), Int64(status.st_size) == size { try shelf.remove(file) } else { try shelf.move(file, to: blob) }
      try share(blob, as: path)
    }
  }

  /// Throws `DENIED` when `bytes` more do not fit into the quota. Called with the repository's lock held.
  func admit(_ bytes: Int64, into name: RepositoryName) throws(HullError) {
    guard let limit = rules.quota(name) else { return }
    let used = try usage.bytes(of: name, shelf)
    guard used + bytes <= limit else {
      throw HullError(.denied, "quota of \(name): \(bytes) bytes more do not fit, \(used) of \(limit) bytes are used")
    }
  }

  /// A second name for a file, or a copy where the file system allows no more names.
  private func share(_ file: String, as path: String) throws(HullError) {
    if try shelf.link(file, as: path) { return }
    guard shelf.status(path) == nil else { return }
    try shelf.copy(file, to: path)
  }

  static func unknown(_ digest: Digest, _ name: RepositoryName) -> HullError {
    HullError(.blobUnknown, "blob \(digest) is not in repository \(name)")
  }

  /// Seconds since 1970.
  static func now() -> Int64 { Int64(time(nil)) }
}
