// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import ImageStore
import LinuxSystem
import OCISpec
import Threads

/// Brings an image of an OCI layout into the store, without a name.
struct LayoutImport: Sendable {
  private static let largestDocument: Int64 = 16 << 20

  let images: ImageStore
  /// On whose file system an archive lies meanwhile.
  let directory: String

  /// Which document the address means: its digest, or by its name in `index.json`. Blocking.
  static func root(_ address: LayoutAddress, in layout: any FileTree) throws(HullError) -> Digest {
    if let digest = address.digest { return digest }
    guard let text = try layout.text("index.json", limit: largestDocument), let index = try LayoutDocument.index(Array(text.utf8)) else {
      throw HullError(.notFound, "oci layout \(address.store): there is no index.json")
    }
    let wanted = address.tag ?? "latest"
    let named = index.manifests.first { descriptor in
      let name = descriptor.annotations?[Annotation.refName] ?? ""
      return name == wanted || name.hasSuffix(":\(wanted)")
    }
    if let named { return named.digest }
    guard address.tag == nil, index.manifests.count == 1 else {
      throw HullError(.notFound, "oci layout \(address.store): no image is called \(quoted(wanted)): add :TAG or @DIGEST")
    }
    return index.manifests[0].digest
  }

  /// - Parameter name: what the context is called.
  func image(_ address: LayoutAddress, in layout: any FileTree, platform: Platform, name: String) async throws -> BaseImage {
    let root = try await Blocking.run { try LayoutImport.root(address, in: layout) }
    let found = try await LayoutImage.find(root, platform: platform) { digest in
      try await Blocking.run {
        let path = LayoutImport.path(digest)
        guard let node = try layout.node(path), node.kind == .regular, node.size <= LayoutImport.largestDocument else {
          throw HullError(.notFound, "oci layout \(name): there is no document \(digest)")
        }
        var bytes: [UInt8] = []
        try layout.read(path) { bytes += $0 }
        return bytes
      }
    }
    let loaded = try await Blocking.stream { try load(found, layout, name) }
    let images = images
    let record = try await Blocking.run { try images.resolve(loaded.description) }
    return BaseImage(id: record.id, config: record.config, target: root)
  }

  private func load(_ image: LayoutImage, _ layout: any FileTree, _ name: String) throws(HullError) -> ImageID {
    let file = OwnedDescriptor(
      try step("cannot read the oci layout \(name)") { () throws(SystemError) in try Files.unnamed(in: directory) }.take())
    try write(image, layout, name, to: file.number)
    guard lseek(file.number, 0, SEEK_SET) == 0 else { throw HullError("cannot read the oci layout \(name)", SystemError(errno, "lseek")) }
    guard let loaded = try images.load(from: file.number).first else {
      throw HullError(.invalidArgument, "oci layout \(name): \(image.manifest.digest) is no image")
    }
    return loaded.id
  }

  /// The layout as an archive of this image alone.
  private func write(_ image: LayoutImage, _ layout: any FileTree, _ name: String, to number: Int32) throws(HullError) {
    let sink = BufferedSink(FileSink(number, name: "the image archive"))
    let writer = TarWriter(sink)
    try writer.file("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
    try writer.file("index.json", JSON.encode(Index(manifests: [image.manifest])))
    var seen: Set<Digest> = []
    for blob in image.blobs where seen.insert(blob.digest).inserted {
      let path = LayoutImport.path(blob.digest)
      guard let node = try layout.node(path), node.kind == .regular else {
        throw HullError(.notFound, "oci layout \(name): blob \(blob.digest) is missing")
      }
      var entry = TarEntry(kind: .regular, path: Array(path.utf8), mode: 0o644)
      entry.size = node.size
      try writer.begin(entry)
      try layout.read(path) { bytes throws(HullError) in try writer.write(bytes) }
    }
    try writer.finish()
    try sink.flush()
  }

  static func path(_ digest: Digest) -> String { "blobs/\(digest.algorithm)/\(digest.hex)" }
}

/// Reads the documents of a layout.
enum LayoutDocument {
  private struct Kind: Decodable {
    var mediaType: String?
    var manifests: [Descriptor]?
  }

  /// `nil`: it is none.
  static func index(_ bytes: [UInt8]) throws(HullError) -> Index? {
    let kind: Kind = try JSON.decode(bytes, "a document of the oci layout")
    guard kind.manifests != nil else { return nil }
    return try JSON.decode(bytes, "an index of the oci layout")
  }

  static func manifest(_ bytes: [UInt8]) throws(HullError) -> Manifest { try JSON.decode(bytes, "a manifest of the oci layout") }

  static func manifestType(_ bytes: [UInt8]) throws(HullError) -> String { try manifest(bytes).mediaType ?? MediaType.ociManifest }
}
