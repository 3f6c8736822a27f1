// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

extension RegistryStore {
  /// Begins to receive a blob. Throws `DENIED` when the repository is full.
  /// - Parameter algorithm: what its digest will be written in, as far as the client said it.
  package func startUpload(in name: RepositoryName, algorithm: String = "sha256") throws(HullError) -> Upload {
    try repositories.withLock(name) { () throws(HullError) in try admit(1, into: name) }
    return try uploads.start(in: name, algorithm: algorithm)
  }

  /// Finds an upload, also one from before a restart, without taking it. Throws `BLOB_UPLOAD_UNKNOWN`.
  package func upload(_ id: String, in name: RepositoryName) throws(HullError) -> Upload { try uploads.find(id, in: name) }

  /// Finds an upload and takes it for one request, as `Upload.begin` does; the caller ends that.
  package func takeUpload(_ id: String, in name: RepositoryName, at start: Int64? = nil) throws(HullError) -> Upload {
    let upload = try uploads.find(id, in: name)
    do {
      try upload.begin(at: start)
      return upload
    } catch  where error.code == .blobUploadUnknown {
      // Its file was closed between the two calls: it is opened again.
      let again = try uploads.find(id, in: name)
      try again.begin(at: start)
      return again
    }
  }

  /// How many bytes an upload to a repository may have now; nil: as many as there are.
  package func room(in name: RepositoryName) throws(HullError) -> Int64? {
    guard let limit = rules.quota(name) else { return nil }
    return limit - (try usage(of: name))
  }

  /// Makes an upload a blob of its repository. Throws `DIGEST_INVALID`, and forgets the upload, when it has another digest.
  package func finish(_ upload: Upload, digest: Digest) throws(HullError) {
    let actual = try upload.digest(digest.algorithm)
    guard actual == digest else {
      try uploads.remove(upload)
      throw HullError(.digestInvalid, "what was uploaded to \(upload.repository) has the digest \(actual), not \(digest)")
    }
    try upload.sync()
    let name = upload.repository
    let size = upload.offset
    try repositories.withLock(name) { () throws(HullError) in
      let path = Layout.blob(digest, in: name)
      if shelf.status(path) != nil { return shelf.touch(path) }
      try admit(size, into: name)
      let known = shelf.status(Layout.manifest(digest, in: name)) != nil
      try publish(Layout.upload(upload.id) + "/data", digest: digest, size: size, as: path)
      if !known { usage.add(size, to: name) }
    }
    try uploads.remove(upload)
  }

  /// Forgets an upload and what it received.
  package func cancel(_ upload: Upload) throws(HullError) {
    try upload.begin()
    try uploads.remove(upload)
  }

  /// Closes files of uploads that nobody is using.
  package func closeIdleUploads() { uploads.closeIdle() }
}
