// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import OCISpec

/// The files of an image archive, received into a private directory under names of our own: what the archive calls them is only looked up.
///
/// An archive may come in any order, so nothing can be said about a file before the last one is in.
struct ArchiveSpool {
  struct Item {
    let file: Ingest.File
    let digest: Digest
    let size: Int64
  }

  private enum Member {
    case file(Item)
    /// A link and what it points at, as a path from the archive's root.
    case link([UInt8])
  }

  /// Image archives hold a few files for each layer.
  static let maximumEntries = 100_000

  let ingest: Ingest
  private var members: [[UInt8]: Member] = [:]

  init(_ ingest: Ingest) { self.ingest = ingest }

  /// Receives the whole archive.
  mutating func receive(_ source: any ByteSource) throws(HullError) {
    let pipeline = Pipeline(try DecompressingSource(source))
    var limits = TarReader.Limits()
    limits.entries = ArchiveSpool.maximumEntries
    let reader = TarReader(pipeline, limits: limits)
    while let entry = try reader.next() { try receive(entry, reader) }
    try pipeline.drain()
    guard !members.isEmpty else { throw HullError(.invalidArgument, "archive: there is nothing in it") }
  }

  private mutating func receive(_ entry: TarEntry, _ reader: TarReader) throws(HullError) {
    guard entry.path.first != UInt8(ascii: "/") else { throw refused(entry, "its path is absolute") }
    guard let path = EntryPath(entry.path) else { throw refused(entry, "its path contains \"..\"") }
    switch entry.kind {
    case .directory: return
    case .regular:
      guard !path.isRoot else { throw refused(entry, "it has no name") }
      try receiveFile(entry, path, reader)
    case .symbolicLink: members[path.whole] = .link(try target(of: entry, from: path.parent))
    case .hardLink: members[path.whole] = .link(try target(of: entry, from: []))
    case .characterDevice, .blockDevice, .fifo: throw refused(entry, "devices and pipes have no place in an image archive")
    }
  }

  private mutating func receiveFile(_ entry: TarEntry, _ path: EntryPath, _ reader: TarReader) throws(HullError) {
    let (file, digest, size) = try ingest.receive { (sink) throws(HullError) in
      while let (_, bytes) = try reader.data() { try sink.write(bytes) }
    }
    guard size == entry.size else { throw refused(entry, "sparse files have no place in an image archive") }
    let whole = String(decoding: path.whole, as: UTF8.self)
    if whole.hasPrefix("blobs/sha256/"), let named = try? Digest("sha256:" + whole.dropFirst("blobs/sha256/".count)), named != digest {
      throw refused(entry, "wrong digest: its content is \(digest)")
    }
    members[path.whole] = .file(Item(file: file, digest: digest, size: size))
  }

  /// Legacy archives link a layer that several images have: `../<id>/layer.tar`.
  private func target(of entry: TarEntry, from directory: [UInt8]) throws(HullError) -> [UInt8] {
    let slash = UInt8(ascii: "/")
    guard entry.link.first != slash else { throw refused(entry, "it links to the absolute path \(shown(entry.link))") }
    var components = directory.split(separator: slash).map(Array.init)
    for component in entry.link.split(separator: slash) where !component.elementsEqual([UInt8(ascii: ".")]) {
      guard component.elementsEqual(Array("..".utf8)) else {
        components.append(Array(component))
        continue
      }
      guard components.popLast() != nil else { throw refused(entry, "it links to \(shown(entry.link)), outside the archive") }
    }
    return Array(components.joined(separator: [slash]))
  }

  // MARK: Looking up

  /// What the archive has under `path`, links followed; `nil` when it has nothing. Throws when the path could lead outside.
  func item(_ path: String, namedBy document: String) throws(HullError) -> Item? {
    guard !path.hasPrefix("/"), let wanted = EntryPath(Array(path.utf8)) else {
      throw HullError(.invalidArgument, "archive: refused: \(document) names \(quoted(path)), which is not a path inside the archive")
    }
    var name = wanted.whole
    for _ in 0..<16 {
      switch members[name] {
      case .file(let item): return item
      case .link(let target): name = target
      case nil: return nil
      }
    }
    throw HullError(.invalidArgument, "archive: \(quoted(path)) is a circle of links")
  }

  /// The same, but it must be there.
  func require(_ path: String, namedBy document: String) throws(HullError) -> Item {
    guard let item = try item(path, namedBy: document) else {
      throw HullError(.invalidArgument, "archive: \(quoted(path)) is missing, though \(document) names it")
    }
    return item
  }

  /// The bytes of a document.
  func read(_ item: Item, _ what: String) throws(HullError) -> [UInt8] {
    let limit: Int64 = 16 << 20
    guard item.size <= limit else { throw HullError(.tooLarge, "archive: \(what) has \(item.size) bytes, more than \(limit)") }
    return try ingest.read(item.file, limit: Int(limit))
  }

  private func refused(_ entry: TarEntry, _ why: String) -> HullError {
    HullError(.invalidArgument, "archive entry \(entry.name): refused: \(why)")
  }

  private func shown(_ path: [UInt8]) -> String { quoted(String(decoding: path, as: UTF8.self)) }
}
