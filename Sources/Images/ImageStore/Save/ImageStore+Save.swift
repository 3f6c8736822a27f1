// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import LinuxSystem
import OCISpec

extension ImageStore {
  /// `docker save`: an OCI layout that is also a docker-archive, with the stored blobs byte for byte. Names are references, repositories (all
  /// their tags) or IDs.
  /// - Parameter platform: only the images for it; `nil`: all that are here of each index.
  package func save(_ names: [String], platform: Platform? = nil, to fd: Int32) throws(HullError) {
    let images = try selection(names, platform)
    try claims.during { (claim) throws(HullError) in
      claim.claim(blobs: images.blobs)
      try write(images, to: FileSink(fd, name: "the image archive"))
    }
  }

  /// Writes an archive of images whose blobs are all here and claimed.
  func write(_ images: SavedImages, to target: any ByteSink) throws(HullError) {
    let sink = BufferedSink(target)
    let writer = TarWriter(sink)
    for path in ["blobs/", "blobs/sha256/"] { try writer.begin(TarEntry(kind: .directory, path: Array(path.utf8), mode: 0o755)) }
    for digest in images.blobs { try writeBlob(digest, writer) }
    try writer.file("index.json", JSON.encode(images.index))
    try writer.file("manifest.json", JSON.encode(images.dockerManifests))
    try writer.file("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
    if !images.repositories.isEmpty { try writer.file("repositories", JSON.encode(images.repositories)) }
    try writer.finish()
    try sink.flush()
  }

  private func selection(_ names: [String], _ platform: Platform?) throws(HullError) -> SavedImages {
    var images = SavedImages()
    for name in names {
      for (name, tag) in try matches(name) { images.add(try content(name, platform: platform), tag: tag) }
    }
    return images
  }

  /// What to look up, and the tag that it is saved under.
  private func matches(_ name: String) throws(HullError) -> [(name: String, tag: Reference?)] {
    let wanted = try ImageName(name)
    guard case .reference(let reference, _) = wanted else { return [(name, nil)] }
    if reference.isNameOnly {
      let tags = try tags(inRepository: reference)
      if !tags.isEmpty { return tags.map { ($0.description, $0) } }
    }
    let tag = reference.withDefaultTag
    guard reference.digest == nil, try find(name).record.tags.contains(tag) else { return [(name, nil)] }
    return [(name, tag)]
  }

  private func writeBlob(_ digest: Digest, _ writer: TarWriter) throws(HullError) {
    let fd = OwnedDescriptor(try blobs.open(digest))
    guard let size = blobs.size(of: digest) else { throw HullError(.internalError, "blob \(digest) is missing") }
    var entry = TarEntry(kind: .regular, path: Array(SavedImages.path(digest).utf8), mode: 0o644)
    entry.size = size
    try writer.begin(entry)
    let chunks = BufferedChunks(FileSource(fd.number, name: "blob \(digest)"))
    while let chunk = try chunks.next() { try writer.write(chunk) }
  }
}
