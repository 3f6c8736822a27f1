// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import FoundationEssentials
import LinuxSystem
import OCISpec

extension ImageStore {
  /// `docker save`: an OCI layout that is also a docker-archive, with the stored blobs byte for byte. Names are references, repositories (all
  /// their tags) or IDs.
  package func save(_ names: [String], platform: Platform? = nil, to fd: Int32) throws(HullError) {
    let images = try selection(names)
    try claims.during { (claim) throws(HullError) in
      claim.claim(blobs: images.flatMap { [$0.id, $0.manifest.digest] + $0.document.layers.map(\.digest) })
      let sink = BufferedSink(FileSink(fd, name: "the image archive"))
      let writer = TarWriter(sink)
      try writeBlobs(of: images, writer)
      try writer.file("index.json", JSON.encode(index(images)))
      try writer.file("manifest.json", JSON.encode(images.map(\.dockerManifest)))
      try writer.file("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
      let repositories = repositories(images)
      if !repositories.isEmpty { try writer.file("repositories", JSON.encode(repositories)) }
      try writer.finish()
      try sink.flush()
    }
  }

  // MARK: What is saved

  private struct Saved {
    let id: ImageID
    let manifest: Descriptor
    let document: Manifest
    var tags: [Reference]

    var dockerManifest: DockerManifest {
      DockerManifest(
        config: Saved.path(id), repoTags: tags.isEmpty ? nil : tags.map(\.familiar), layers: document.layers.map { Saved.path($0.digest) })
    }

    static func path(_ digest: Digest) -> String { "blobs/\(digest.algorithm)/\(digest.hex)" }
  }

  private func selection(_ names: [String]) throws(HullError) -> [Saved] {
    var images: [Saved] = []
    for name in names {
      for (record, manifest, tag) in try matches(name) {
        // The same image may be saved from two manifests: each tag keeps its own.
        let index: Int
        if let known = images.firstIndex(where: { $0.manifest.digest == manifest.digest }) {
          index = known
        } else {
          let document: Manifest = try JSON.decode(blobs.read(manifest.digest), "the manifest \(manifest.digest)")
          images.append(Saved(id: record, manifest: manifest, document: document, tags: []))
          index = images.count - 1
        }
        if let tag, !images[index].tags.contains(tag) { images[index].tags.append(tag) }
      }
    }
    return images
  }

  private func matches(_ name: String) throws(HullError) -> [(ImageID, Descriptor, Reference?)] {
    if case .reference(let reference, _) = try ImageName(name), reference.isNameOnly {
      let tags = try database.read("look up image \(name)") { database -> [(ImageID, Descriptor, Reference?)] in
        let catalog = Catalog(database: database)
        return try catalog.names(inRepository: reference.name).compactMap { (name, image, manifest) in
          guard name.tag != nil else { return nil }
          return try catalog.manifest(manifest).map { (image, $0, name) }
        }
      }
      if !tags.isEmpty { return tags }
    }
    let found = try find(name)
    let (record, manifest) = (found.record, found.manifest)
    guard case .reference(let reference, _) = try ImageName(name), reference.digest == nil, record.tags.contains(reference.withDefaultTag) else {
      return [(record.id, manifest, nil)]
    }
    return [(record.id, manifest, reference.withDefaultTag)]
  }

  // MARK: The parts of the archive

  private func writeBlobs(of images: [Saved], _ writer: TarWriter) throws(HullError) {
    for path in ["blobs/", "blobs/sha256/"] { try writer.begin(TarEntry(kind: .directory, path: Array(path.utf8), mode: 0o755)) }
    var written: Set<Digest> = []
    for image in images {
      for digest in [image.manifest.digest, image.id] + image.document.layers.map(\.digest) where written.insert(digest).inserted {
        try writeBlob(digest, writer)
      }
    }
  }

  private func writeBlob(_ digest: Digest, _ writer: TarWriter) throws(HullError) {
    let fd = OwnedDescriptor(try blobs.open(digest))
    guard let size = blobs.size(of: digest) else { throw HullError(.internalError, "blob \(digest) is missing") }
    var entry = TarEntry(kind: .regular, path: Array(Saved.path(digest).utf8), mode: 0o644)
    entry.size = size
    try writer.begin(entry)
    let chunks = BufferedChunks(FileSource(fd.number, name: "blob \(digest)"))
    while let chunk = try chunks.next() { try writer.write(chunk) }
  }

  private func index(_ images: [Saved]) -> Index {
    Index(
      manifests: images.flatMap { image in
        guard !image.tags.isEmpty else { return [image.manifest] }
        return image.tags.map { tag in
          var descriptor = image.manifest
          descriptor.annotations = [Annotation.imageName: tag.description, Annotation.refName: tag.tag ?? ""]
          return descriptor
        }
      })
  }

  /// The oldest form of names in an archive: repository, tag, layer.
  private func repositories(_ images: [Saved]) -> [String: [String: String]] {
    var repositories: [String: [String: String]] = [:]
    for image in images {
      for tag in image.tags { repositories[tag.familiarName, default: [:]][tag.tag ?? ""] = image.document.layers.last?.digest.hex ?? "" }
    }
    return repositories
  }
}
