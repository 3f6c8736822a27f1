// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// A manifest or index as it is stored.
package struct StoredManifest: Sendable {
  package let digest: Digest
  package let bytes: [UInt8]
  package let content: ManifestContent
}

extension RegistryStore {
  /// The digest that a tag stands for. Throws `MANIFEST_UNKNOWN`.
  package func resolve(_ reference: ManifestReference, in name: RepositoryName) throws(HullError) -> Digest {
    guard case .tag(let tag) = reference else {
      if case .digest(let digest) = reference { return digest }
      preconditionFailure("a reference is a tag or a digest")
    }
    guard let bytes = try shelf.read(Layout.tag(tag, in: name), limit: 256), let digest = try? Digest(String(decoding: bytes, as: UTF8.self)) else {
      throw RegistryStore.unknown(reference, name)
    }
    return digest
  }

  /// A manifest. Throws `MANIFEST_UNKNOWN`.
  package func manifest(_ reference: ManifestReference, in name: RepositoryName) throws(HullError) -> StoredManifest {
    let digest = try resolve(reference, in: name)
    guard let bytes = try shelf.read(Layout.manifest(digest, in: name), limit: rules.manifestLimit) else {
      throw RegistryStore.unknown(reference, name)
    }
    return StoredManifest(digest: digest, bytes: bytes, content: try ManifestContent(bytes))
  }

  /// Stores a manifest and, by tag, lets the tag stand for it.
  ///
  /// Throws `MANIFEST_INVALID`, `MANIFEST_BLOB_UNKNOWN` when something it names is not in the repository, `DIGEST_INVALID` when it is pushed
  /// by another digest than its own, `DENIED` beyond the quota or for a tag that is immutable.
  /// - Parameter declared: the request's `Content-Type`.
  @discardableResult
  package func putManifest(
    _ bytes: [UInt8], declared: String?, as reference: ManifestReference, in name: RepositoryName, trusted: Bool = false
  ) throws(HullError) -> StoredManifest {
    guard bytes.count <= rules.manifestLimit else {
      throw HullError(.tooLarge, "the manifest has \(bytes.count) bytes: at most \(rules.manifestLimit) are allowed")
    }
    let content = try ManifestContent(bytes)
    try content.check(declared: declared)
    let digest = try RegistryStore.digest(of: bytes, as: reference)
    try repositories.change(name) { () throws(HullError) in
      if !trusted { try checkContents(content, in: name) }
      if case .tag(let tag) = reference { try checkTag(tag, digest, in: name) }
      try store(bytes, digest, content, in: name)
      if case .tag(let tag) = reference { try shelf.put(Array(digest.description.utf8), at: Layout.tag(tag, in: name)) }
      catalog.add(name)
    }
    return StoredManifest(digest: digest, bytes: bytes, content: content)
  }

  /// Takes a tag away; the manifest stays. Throws `MANIFEST_UNKNOWN`, or `DENIED` when it is immutable.
  package func deleteTag(_ tag: String, in name: RepositoryName) throws(HullError) {
    try repositories.change(name) { () throws(HullError) in
      guard shelf.status(Layout.tag(tag, in: name)) != nil else { throw RegistryStore.unknown(.tag(tag), name) }
      guard !rules.immutable(name, tag) else { throw HullError(.denied, "tag \(tag) of \(name) is immutable") }
      try removeTag(tag, in: name)
    }
  }

  /// Takes a manifest and its tags out of a repository; its blobs stay until they are collected.
  /// Throws `MANIFEST_UNKNOWN`, `DENIED` when a tag is immutable, `UNSUPPORTED` while an index in the repository needs it.
  package func deleteManifest(_ digest: Digest, in name: RepositoryName) throws(HullError) {
    try repositories.change(name) { () throws(HullError) in
      guard shelf.status(Layout.manifest(digest, in: name)) != nil else { throw RegistryStore.unknown(.digest(digest), name) }
      let tags = try tagged(in: name).filter { $0.value == digest }.keys
      if let tag = tags.first(where: { rules.immutable(name, $0) }) { throw HullError(.denied, "tag \(tag) of \(name) is immutable") }
      if let user = try manifests(in: name).first(where: { ($0.content.manifests ?? []).contains { $0.digest == digest } }) {
        throw HullError(.unsupportedHere, "manifest \(digest) of \(name) is part of index \(user.digest): delete that first")
      }
      for tag in tags { try removeTag(tag, in: name) }
      try remove(digest, in: name)
      try forgetIfEmpty(name)
    }
  }

  /// Every manifest of a repository. Those that cannot be read are left out: they are a broken disk's.
  package func manifests(in name: RepositoryName) throws(HullError) -> [StoredManifest] {
    var all: [StoredManifest] = []
    for digest in try manifestDigests(in: name) {
      if let manifest = try? manifest(.digest(digest), in: name) { all.append(manifest) }
    }
    return all
  }

  package func manifestDigests(in name: RepositoryName) throws(HullError) -> [Digest] {
    try shelf.names(Layout.manifests(name)).compactMap(Digest.init(fileName:)).sorted()
  }

  /// Removes a manifest. Called with the repository's lock held, after its tags.
  func remove(_ digest: Digest, in name: RepositoryName) throws(HullError) {
    let path = Layout.manifest(digest, in: name)
    let size = Int64(shelf.status(path)?.st_size ?? 0)
    if let subject = (try? manifest(.digest(digest), in: name))?.content.subject {
      try shelf.remove("\(Layout.referrers(subject.digest, in: name))/\(digest.fileName)")
    }
    if try shelf.remove(path), shelf.status(Layout.blob(digest, in: name)) == nil { usage.add(-size, to: name) }
  }

  func removeTag(_ tag: String, in name: RepositoryName) throws(HullError) {
    try shelf.remove(Layout.tag(tag, in: name))
    try shelf.remove(Layout.pull(tag, in: name))
  }

  private func store(_ bytes: [UInt8], _ digest: Digest, _ content: ManifestContent, in name: RepositoryName) throws(HullError) {
    let path = Layout.manifest(digest, in: name)
    if shelf.status(path) == nil {
      try admit(Int64(bytes.count), into: name)
      let making = try shelf.make(bytes)
      try publish(making, digest: digest, size: Int64(bytes.count), as: path)
      if shelf.status(Layout.blob(digest, in: name)) == nil { usage.add(Int64(bytes.count), to: name) }
    }
    if let subject = content.subject { try shelf.mark("\(Layout.referrers(subject.digest, in: name))/\(digest.fileName)") }
  }

  private func checkTag(_ tag: String, _ digest: Digest, in name: RepositoryName) throws(HullError) {
    guard rules.immutable(name, tag), let old = try? resolve(.tag(tag), in: name), old != digest else { return }
    throw HullError(.denied, "tag \(tag) of \(name) is immutable: it stands for \(old)")
  }

  private func checkContents(_ content: ManifestContent, in name: RepositoryName) throws(HullError) {
    var missing: [Digest] = []
    for blob in content.blobs where !blob.isForeign {
      guard let status = shelf.status(Layout.blob(blob.digest, in: name)) else {
        missing.append(blob.digest)
        continue
      }
      guard Int64(status.st_size) == blob.size else {
        throw HullError(.manifestInvalid, "blob \(blob.digest) has \(status.st_size) bytes, the manifest says \(blob.size)")
      }
    }
    if !rules.sparseIndexes {
      for manifest in content.manifests ?? [] where manifest.isManifest && shelf.status(Layout.manifest(manifest.digest, in: name)) == nil {
        missing.append(manifest.digest)
      }
    }
    guard missing.isEmpty else { throw MissingContents(missing).error(in: name) }
  }

  private static func digest(of bytes: [UInt8], as reference: ManifestReference) throws(HullError) -> Digest {
    guard case .digest(let wanted) = reference else { return try ContentHash.digest(of: bytes) }
    let digest = try ContentHash.digest(of: bytes, algorithm: wanted.algorithm)
    guard digest == wanted else { throw HullError(.digestInvalid, "the manifest has the digest \(digest), not \(wanted)") }
    return digest
  }

  static func unknown(_ reference: ManifestReference, _ name: RepositoryName) -> HullError {
    HullError(.manifestUnknown, "there is no manifest \(reference) in repository \(name)")
  }
}

/// What a manifest names and its repository does not have; the cause of a `MANIFEST_BLOB_UNKNOWN`.
package struct MissingContents: Error, CustomStringConvertible {
  package let digests: [Digest]

  init(_ digests: [Digest]) { self.digests = digests }

  package var description: String {
    digests.prefix(8).map(\.description).joined(separator: ", ") + (digests.count > 8 ? " and \(digests.count - 8) more" : "")
  }

  func error(in name: RepositoryName) -> HullError {
    HullError(.manifestBlobUnknown, "repository \(name) lacks what the manifest names: push that first", cause: self)
  }
}
