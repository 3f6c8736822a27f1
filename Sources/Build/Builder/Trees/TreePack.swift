// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Receives a tree's files, in any order, into one file: no file of the tree becomes a file of the host.
///
/// For one thread at a time. `finish()` gives the tree; without it everything is gone with this value.
package final class TreePackWriter: ByteSink, @unchecked Sendable {
  // One thread at a time uses it, as said above; it is handed from thread to thread.
  private let fd: Int32
  private let disk: DiskGuard
  private let sink: BufferedSink
  private var offset: Int64 = 0
  private var nodes: [String: TreePack.Stored] = [:]
  private var open: (path: String, node: TreeNode, start: Int64, hash: SHA256)?

  /// - Parameter directory: on whose file system the bytes lie, in a file without a name.
  package init(directory: String) throws(HullError) {
    // O_TMPFILE, which is too complex a macro for the import.
    fd = Glibc.open(directory, 0o20_000_000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0o600)
    disk = DiskGuard(fd, place: directory)
    sink = BufferedSink(FileSink(fd, name: "the build context"))
    guard fd >= 0 else { throw HullError("cannot receive a build context in \(directory)", SystemError(errno, "open")) }
  }

  deinit { if fd >= 0 { close(fd) } }

  /// Adds a file that is no regular one, or an empty regular one. A later entry of the same path replaces an earlier one.
  package func add(_ path: String, _ node: TreeNode) throws(HullError) {
    var stored = TreePack.Stored(node: node)
    if node.kind == .regular { stored.digest = SHA256().finish() }
    try put(path, stored)
  }

  /// Begins a regular file; its bytes follow by `write`, then `end`.
  package func begin(_ path: String, _ node: TreeNode) { open = (path, node, offset, SHA256()) }

  /// Some of the file's bytes.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    try disk.take(Int64(bytes.count), for: "cannot store the build context")
    try sink.write(bytes)
    offset += Int64(bytes.count)
    open?.hash.update(bytes)
  }

  /// Ends the file.
  /// - Parameter modified: nanoseconds since 1970, where they were not known before.
  package func end(modified: Int64? = nil) throws(HullError) {
    guard let (path, node, start, hash) = open else { return }
    open = nil
    var stored = TreePack.Stored(node: node)
    if let modified { stored.node.modified = modified }
    stored.node.size = offset - start
    stored.offset = start
    stored.digest = hash.finish()
    try put(path, stored)
  }

  /// The same file under another path.
  package func link(_ path: String, to target: String) throws(HullError) {
    guard let stored = nodes[target] else {
      throw HullError(.invalidArgument, "build context: \(quoted(path)) is a link to \(quoted(target)), which is not there")
    }
    try put(path, stored)
  }

  private func put(_ path: String, _ stored: TreePack.Stored) throws(HullError) {
    guard nodes.count < 2_000_000 else { throw HullError(.tooLarge, "build context: more than 2,000,000 files") }
    nodes[path] = stored
  }

  /// The tree. Directories that were left out are there, with mode 0755.
  package func finish() throws(HullError) -> TreePack {
    try sink.flush()
    let own = dup(fd)
    guard own >= 0 else { throw HullError("cannot keep a build context", SystemError(errno, "dup")) }
    return TreePack(fd: own, nodes: nodes)
  }
}

/// A tree in one file, with an index in memory.
package final class TreePack: FileTree {
  struct Stored: Sendable {
    var node: TreeNode
    var offset: Int64 = 0
    var digest: Digest?
  }

  private let fd: Int32
  private let nodes: [String: Stored]
  private let children: [String: [String]]

  init(fd: Int32, nodes: [String: Stored]) {
    self.fd = fd
    (self.nodes, children) = TreePack.complete(nodes)
  }

  deinit { close(fd) }

  package func node(_ path: String) -> TreeNode? { nodes[path]?.node }

  package func names(in directory: String) -> [String] { children[directory] ?? [] }

  package func digest(_ path: String) throws(HullError) -> Digest {
    guard let digest = nodes[path]?.digest else { throw HullError(.notFound, "build context: \(quoted(path)) is not a file") }
    return digest
  }

  package func source(_ path: String) throws(HullError) -> any ByteSource {
    guard let stored = nodes[path] else { throw HullError(.notFound, "build context: \(quoted(path)) is not there") }
    return PackedFile(self, fd: fd, offset: stored.offset, left: stored.node.size)
  }

  /// The same bytes, of the files that are selected.
  package func selecting(_ selection: ContextSelection) throws(HullError) -> TreePack {
    let ignored = try IgnorePatterns(selection.excludes)
    guard !ignored.isEmpty || !selection.includes.isEmpty else { return self }
    let included = selection.includes.map(TreePaths.clean)
    func isIncluded(_ path: String) -> Bool { included.isEmpty || included.contains { path == $0 || path.hasPrefix($0 + "/") } }
    return TreePack(fd: dup(fd), nodes: nodes.filter { $0.key.isEmpty || (isIncluded($0.key) && !ignored.excludes($0.key)) })
  }

  /// What lies in a directory of the tree, as a tree.
  package func below(_ directory: String) throws(HullError) -> TreePack {
    guard nodes[directory]?.node.kind == .directory else {
      throw HullError(.invalidArgument, "build context: there is no directory \(quoted(directory))")
    }
    guard !directory.isEmpty else { return self }
    var inner: [String: Stored] = [:]
    for (path, stored) in nodes where path.hasPrefix(directory + "/") { inner[String(path.dropFirst(directory.count + 1))] = stored }
    return TreePack(fd: dup(fd), nodes: inner)
  }

  private final class PackedFile: ByteSource {
    private let pack: TreePack
    private let fd: Int32
    private var offset: Int64
    private var left: Int64

    init(_ pack: TreePack, fd: Int32, offset: Int64, left: Int64) { (self.pack, self.fd, self.offset, self.left) = (pack, fd, offset, left) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
      while left > 0 {
        let count = pread(fd, buffer.baseAddress, min(buffer.count, Int(left)), off_t(offset))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw systemFailure("cannot read the build context") }
        offset += Int64(count)
        left -= Int64(count)
        return count
      }
      return 0
    }
  }

  /// Adds the directories that nobody named, and says what is in each.
  private static func complete(_ given: [String: Stored]) -> (nodes: [String: Stored], children: [String: [String]]) {
    var nodes = given
    var children: [String: [String]] = [:]
    if nodes[""] == nil { nodes[""] = Stored(node: TreeNode(kind: .directory, mode: 0o755)) }
    for path in given.keys where !path.isEmpty {
      var path = path
      while true {
        let (parent, name) = TreePaths.split(path)
        children[parent, default: []].append(name)
        if nodes[parent] != nil { break }
        nodes[parent] = Stored(node: TreeNode(kind: .directory, mode: 0o755))
        path = parent
      }
    }
    for directory in children.keys { children[directory]?.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    return (nodes, children)
  }
}
