// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec
import Synchronization

/// The uploads that have begun and not ended: those in use in memory, all of them on the disk.
final class Uploads: Sendable {
  private let shelf: Shelf
  private let open = Mutex<[String: Upload]>([:])

  init(_ shelf: Shelf) { self.shelf = shelf }

  func start(in name: RepositoryName, algorithm: String) throws(HullError) -> Upload {
    let id = Digest.hexadecimal((0..<16).map { _ in UInt8.random(in: .min ... .max) })
    let directory = Layout.upload(id)
    try shelf.makeDirectory(directory)
    try shelf.put(Array(name.description.utf8), at: directory + "/repository")
    return try adopt(id, name, algorithm: algorithm, flags: O_CREAT | O_EXCL)
  }

  /// Throws `BLOB_UPLOAD_UNKNOWN` when there is no such upload in this repository.
  func find(_ id: String, in name: RepositoryName) throws(HullError) -> Upload {
    if let upload = open.withLock({ $0[id] }) {
      guard upload.repository == name else { throw Uploads.unknown(id) }
      return upload
    }
    guard Uploads.isIdentifier(id), let owner = try shelf.read(Layout.upload(id) + "/repository", limit: 1024),
      owner == Array(name.description.utf8), shelf.status(Layout.upload(id) + "/data") != nil
    else { throw Uploads.unknown(id) }
    return try adopt(id, name, algorithm: "sha256", flags: 0)
  }

  /// Forgets an upload and removes what is left of it.
  func remove(_ upload: Upload) throws(HullError) {
    upload.markGone()
    open.withLock { $0[upload.id] = nil }
    try shelf.removeTree(Layout.upload(upload.id))
  }

  /// Removes uploads that nobody has added to for `age` seconds; gives how many.
  func sweep(olderThan age: Int64, dryRun: Bool) throws(HullError) -> Int {
    var removed = 0
    for id in try shelf.names(Layout.uploads) {
      let directory = Layout.upload(id)
      guard let status = shelf.status(directory + "/data") ?? shelf.status(directory), RegistryStore.now() - Int64(status.st_mtim.tv_sec) >= age
      else { continue }
      let upload = open.withLock { $0[id] }
      if !dryRun {
        guard upload?.retire() ?? true else { continue }
        open.withLock { $0[id] = nil }
        try shelf.removeTree(directory)
      }
      removed += 1
    }
    return removed
  }

  /// Closes the files of uploads that nobody uses now: they are opened again when somebody does.
  func closeIdle() {
    open.withLock { open in
      for (id, upload) in open where upload.retire() { open[id] = nil }
    }
  }

  static func unknown(_ id: String) -> HullError { HullError(.blobUploadUnknown, "there is no upload \(quoted(id)): start a new one") }

  private func adopt(_ id: String, _ name: RepositoryName, algorithm: String, flags: Int32) throws(HullError) -> Upload {
    let path = Layout.upload(id) + "/data"
    let file = try step("cannot open upload \(id)") { () throws(SystemError) in
      try Files.open(path, O_RDWR | O_NOFOLLOW | flags, mode: 0o600, at: shelf.root)
    }
    let upload = try Upload(id: id, repository: name, file: file, algorithm: algorithm, place: shelf.path)
    // Two requests may have found it at once: the first to be noted is the one.
    return open.withLock { open in
      if let first = open[id] { return first }
      open[id] = upload
      return upload
    }
  }

  private static func isIdentifier(_ id: String) -> Bool {
    id.utf8.count == 32 && id.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }
}
