// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// A tag and its times.
package struct TagRecord: Sendable {
  package let name: String
  package let digest: Digest
  /// Nanoseconds since 1970: tags that are set within a second have an order.
  package let setNanoseconds: Int64
  /// Seconds since 1970; nil: never, as far as is known.
  package let pulled: Int64?

  /// Seconds since 1970.
  package var set: Int64 { setNanoseconds / 1_000_000_000 }
}

extension RegistryStore {
  /// The tags of a repository after `last`, in the order of their bytes, and whether there are more.
  /// Throws `NAME_UNKNOWN` for a repository that is not here.
  package func tags(in name: RepositoryName, after last: String? = nil, limit: Int = .max) throws(HullError) -> (tags: [String], more: Bool) {
    guard catalog.contains(name) else { throw HullError(.nameUnknown, "there is no repository \(name)") }
    let all = try shelf.names(Layout.tags(name)).filter { tag in ReferenceGrammar.isTag(tag) && last.map { $0 < tag } ?? true }.sorted()
    return (Array(all.prefix(limit)), all.count > limit)
  }

  /// The tags of a repository with what they stand for and when they were set and pulled.
  package func tagRecords(in name: RepositoryName) throws(HullError) -> [TagRecord] {
    try tagged(in: name).map { tag, digest in
      TagRecord(
        name: tag, digest: digest, setNanoseconds: shelf.status(Layout.tag(tag, in: name)).map { $0.st_mtim.nanoseconds } ?? 0,
        pulled: pulls.pending(tag, in: name) ?? shelf.status(Layout.pull(tag, in: name)).map { Int64($0.st_mtim.tv_sec) })
    }
  }

  func tagged(in name: RepositoryName) throws(HullError) -> [String: Digest] {
    var tags: [String: Digest] = [:]
    for tag in try shelf.names(Layout.tags(name)) where ReferenceGrammar.isTag(tag) { tags[tag] = try? resolve(.tag(tag), in: name) }
    return tags
  }

  /// Who refers to `subject`, which need not be here, after `last` (distribution specification, listing referrers).
  package func referrers(
    of subject: Digest, in name: RepositoryName, artifactType: String? = nil, after last: Digest? = nil, limit: Int = .max
  ) throws(HullError) -> (descriptors: [Descriptor], more: Bool) {
    var descriptors: [Descriptor] = []
    for digest in try shelf.names(Layout.referrers(subject, in: name)).compactMap(Digest.init(fileName:)).sorted() {
      if let last, digest <= last { continue }
      guard let manifest = try? manifest(.digest(digest), in: name) else { continue }
      let type = manifest.content.referrerType
      if let artifactType, type != artifactType { continue }
      if descriptors.count == limit { return (descriptors, true) }
      var descriptor = Descriptor(
        mediaType: manifest.content.type, digest: digest, size: Int64(manifest.bytes.count), annotations: manifest.content.annotations)
      descriptor.artifactType = type
      descriptors.append(descriptor)
    }
    return (descriptors, false)
  }

  /// Notes that a tag was pulled just now; written down from time to time by `flushPulls`.
  package func notePull(_ tag: String, in name: RepositoryName) { pulls.note(tag, in: name) }

  /// Writes down when tags were pulled.
  package func flushPulls() throws(HullError) {
    for (name, tag) in pulls.take() {
      try repositories.withLock(name) { () throws(HullError) in
        guard shelf.status(Layout.tag(tag, in: name)) != nil else { return }
        try shelf.mark(Layout.pull(tag, in: name))
      }
    }
  }
}
