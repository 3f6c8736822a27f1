// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// Writes files at their places as a layer archive, sorted by name: the same files give the same bytes. Blocking.
struct CopyLayer {
  let trees: [Int: any FileTree]
  let owner: (uid: UInt32, gid: UInt32)
  /// Whether everything gets the owner, also what has one of its own.
  let ownsAll: Bool
  let mode: FileMode?
  /// Nanoseconds since 1970: of directories that nobody brought; no time may be later than `latest`.
  let directoryTime: Int64
  let latest: Int64?
  /// Nanoseconds since 1970 that everything gets; `nil`: as it was.
  var time: Int64?

  func write(_ targets: CopyTargets, to sink: any ByteSink) throws(HullError) {
    let buffered = BufferedSink(sink)
    let writer = TarWriter(buffered)
    var links = HardLinks<Origin>()
    try targets.forEach { (path, entry) throws(HullError) in
      let first = origin(entry).flatMap { links.first($0, at: path) }
      try write(entry, at: path, linked: first, to: writer)
    }
    try writer.finish()
    try buffered.flush()
  }

  /// A file that may have several names: where it is, and which it is there.
  private struct Origin: Hashable {
    var tree: Int?
    var pack: ObjectIdentifier?
    var inode: TreeNode.Inode
  }

  private func origin(_ entry: CopyTargets.Entry) -> Origin? {
    guard case .item(let item) = entry, let inode = item.node.inode else { return nil }
    switch item.content {
    case .file(let tree, _): return Origin(tree: tree, inode: inode)
    case .unpacked(let pack, _): return Origin(pack: ObjectIdentifier(pack), inode: inode)
    case .bytes: return nil
    }
  }

  /// - Parameter first: the name under which the layer has the file already.
  private func write(_ entry: CopyTargets.Entry, at path: String, linked first: String?, to writer: TarWriter) throws(HullError) {
    var header = header(entry, path)
    if let first { (header.kind, header.link, header.size) = (.hardLink, Array(first.utf8), 0) }
    try writer.begin(header)
    guard header.kind == .regular, header.size > 0, case .item(let item) = entry else { return }
    switch item.content {
    case .bytes(let bytes): try write(bytes, to: writer)
    case .file(let tree, let path): try trees[tree]?.read(path) { (bytes) throws(HullError) in try writer.write(bytes) }
    case .unpacked(let pack, let path): try pack.read(path) { (bytes) throws(HullError) in try writer.write(bytes) }
    }
  }

  private func write(_ bytes: [UInt8], to writer: TarWriter) throws(HullError) {
    let chunks = BufferedChunks(PrefixedSource(bytes))
    while let chunk = try chunks.next() { try writer.write(chunk) }
  }

  private func header(_ entry: CopyTargets.Entry, _ path: String) -> TarEntry {
    let node = entry.node
    var mode = node.mode
    var item: CopyItem?
    if case .item(let found) = entry { item = found }
    if let wanted = self.mode, node.kind != .symbolicLink, item != nil { mode = wanted.apply(to: mode, isDirectory: node.kind == .directory) }
    var header = TarEntry(kind: TarEntry.Kind(node.kind), path: Array(path.utf8), mode: mode)
    (header.uid, header.gid) = owner
    if item?.keepsOwner == true, !ownsAll { (header.uid, header.gid) = (node.uid, node.gid) }
    header.size = node.kind == .regular ? node.size : 0
    header.link = Array(node.link.utf8)
    (header.major, header.minor, header.attributes) = (node.device.major, node.device.minor, node.attributes)
    let time = self.time ?? (item == nil ? directoryTime : node.modified)
    header.modified = TarEntry.Time(seconds: min(time, latest ?? .max) / 1_000_000_000)
    return header
  }
}

extension TarEntry.Kind {
  fileprivate init(_ kind: TreeNode.Kind) {
    switch kind {
    case .regular: self = .regular
    case .directory: self = .directory
    case .symbolicLink: self = .symbolicLink
    case .characterDevice: self = .characterDevice
    case .blockDevice: self = .blockDevice
    case .fifo: self = .fifo
    }
  }
}
