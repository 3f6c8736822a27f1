// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

extension TreePack {
  /// Reads an archive, compressed or not (bzip2 and xz with the host's programs). Paths that `..` leads out of it are refused; links are kept as they are. Blocking.
  /// - Parameters:
  ///   - directory: where the bytes are kept.
  ///   - size: bytes of the archive, when they are known to be few.
  package static func receive(
    _ source: any ByteSource, keptIn directory: String, size: Int = BufferedChunks.usualSize
  ) throws(HullError) -> TreePack {
    let size = max(1, min(size, BufferedChunks.usualSize))
    let writer = TreePackWriter(directory: directory)
    let plain = try DecompressingSource(try HostDecompression.unpacking(source, "the build context", keptIn: directory))
    // Inflating is worth a thread of its own; without it the thread would cost a small context more than it gives a large one.
    let chunks: any ChunkSource = plain.compression == .none ? BufferedChunks(plain, size: size) : Pipeline(plain)
    let reader = TarReader(chunks)
    while let entry = try reader.next() {
      guard let place = TreePaths.inner(entry.path) else {
        throw HullError(.invalidArgument, "build context: \(entry.name) leads out of the context")
      }
      try add(entry, at: place, from: reader, to: writer)
    }
    try chunks.drain()
    return try writer.finish()
  }

  private static func add(_ entry: TarEntry, at path: String, from reader: TarReader, to writer: TreePackWriter) throws(HullError) {
    switch entry.kind {
    case .regular:
      if entry.size == 0 { return try writer.add(path, TreeNode(entry, .regular)) }
      writer.begin(path, TreeNode(entry, .regular))
      var position: Int64 = 0
      while let (offset, bytes) = try reader.data() {
        try writer.fill(offset - position)
        try writer.write(bytes)
        position = offset + Int64(bytes.count)
      }
      try writer.fill(entry.size - position)
      try writer.end()
    case .hardLink:
      guard let target = TreePaths.inner(entry.link) else {
        throw HullError(.invalidArgument, "build context: \(entry.name) links to what is out of the context")
      }
      try writer.link(path, to: target)
    case .directory: try writer.add(path, TreeNode(entry, .directory))
    case .symbolicLink: try writer.add(path, TreeNode(entry, .symbolicLink))
    case .characterDevice: try writer.add(path, TreeNode(entry, .characterDevice))
    case .blockDevice: try writer.add(path, TreeNode(entry, .blockDevice))
    case .fifo: try writer.add(path, TreeNode(entry, .fifo))
    }
  }
}

extension TreePackWriter {
  /// Zeros, for the holes of a sparse file.
  fileprivate func fill(_ count: Int64) throws(HullError) {
    var left = count
    while left > 0 {
      let zeros = [UInt8](repeating: 0, count: Int(min(left, 1 << 16)))
      try write(zeros)
      left -= Int64(zeros.count)
    }
  }
}

extension TreeNode {
  init(_ entry: TarEntry, _ kind: Kind) {
    self.init(kind: kind, mode: entry.mode)
    (uid, gid, size) = (entry.uid, entry.gid, kind == .regular ? entry.size : 0)
    modified = entry.modified.seconds &* 1_000_000_000 &+ entry.modified.nanoseconds
    extra = Extra(entry, kind)
  }
}

extension TreeNode.Extra {
  fileprivate convenience init?(_ entry: TarEntry, _ kind: TreeNode.Kind) {
    let isDevice = kind == .characterDevice || kind == .blockDevice
    guard isDevice || kind == .symbolicLink || !entry.attributes.isEmpty else { return nil }
    self.init(
      link: kind == .symbolicLink ? String(decoding: entry.link, as: UTF8.self) : "", device: isDevice ? (entry.major, entry.minor) : (0, 0),
      attributes: entry.attributes)
  }
}
