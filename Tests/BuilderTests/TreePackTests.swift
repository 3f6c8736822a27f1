// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Testing

@testable import Builder

@Suite("Archives as trees")
struct TreePackTests {
  private final class Memory: ByteSink {
    var bytes: [UInt8] = []
    func write(_ more: UnsafeRawBufferPointer) throws(HullError) { bytes += more }
  }

  private func archive(_ fill: (TarWriter) throws -> Void) throws -> [UInt8] {
    let memory = Memory()
    let writer = TarWriter(memory)
    try fill(writer)
    try writer.finish()
    return memory.bytes
  }

  private func file(_ path: String, _ text: String, to writer: TarWriter) throws {
    var entry = TarEntry(kind: .regular, path: Array(path.utf8), mode: 0o644)
    entry.size = Int64(text.utf8.count)
    try writer.begin(entry)
    try Array(text.utf8).withUnsafeBytes { try writer.write($0) }
  }

  private func link(_ path: String, _ target: String, to writer: TarWriter) throws {
    var entry = TarEntry(kind: .hardLink, path: Array(path.utf8), mode: 0o644)
    entry.link = Array(target.utf8)
    try writer.begin(entry)
  }

  private func pack(_ bytes: [UInt8]) throws -> TreePack { try TreePack.receive(PrefixedSource(bytes), keptIn: "/tmp") }

  @Test func namesThatGoUpWithinAreMadeClean() throws {
    let tree = try pack(
      try archive {
        try file("dir/../foo", "foo", to: $0)
        try file("./a//b/./c", "c", to: $0)
      })
    #expect(tree.names(in: "") == ["a", "foo"])
    #expect(tree.node("a/b/c")?.size == 1)
  }

  @Test(arguments: ["../foo", "a/../../foo", "/..", "a/b/../../../a/b"]) func namesThatLeadOutAreRefused(_ name: String) throws {
    let bytes = try archive { try file(name, "foo", to: $0) }
    #expect(throws: HullError.self) { try pack(bytes) }
  }

  @Test func namesOfOneFileAreToldFromOthers() throws {
    let tree = try pack(
      try archive {
        try file("a", "one", to: $0)
        try link("d/b", "./x/../a", to: $0)
        try link("c", "d/b", to: $0)
        try file("alone", "one", to: $0)
      })
    let inodes = ["a", "d/b", "c"].map { tree.node($0)?.inode }
    #expect(inodes[0] != nil && Set(inodes).count == 1)
    #expect(tree.node("alone")?.inode == nil)
    #expect(tree.isImplied("d") && !tree.isImplied("a"))
  }

  @Test func anArchiveOfATreeHasEachFileOnce() throws {
    let tree = try pack(
      try archive {
        try file("b", "one", to: $0)
        try link("a", "b", to: $0)
        try link("d/c", "b", to: $0)
      })
    let memory = Memory()
    try TreeTar(tree).write(to: memory)
    let reader = TarReader(BufferedChunks(PrefixedSource(memory.bytes)))
    var kinds: [String: TarEntry.Kind] = [:]
    while let entry = try reader.next() { kinds[entry.name] = entry.kind }
    #expect(kinds["a"] == .regular && kinds["b"] == .hardLink && kinds["d/c"] == .hardLink)
    let again = try pack(memory.bytes)
    #expect(again.node("a")?.inode == again.node("d/c")?.inode && again.node("b")?.size == 3)
  }

  @Test func aPartOfATreeIsATree() throws {
    let tree = try pack(try archive { try file("sub/dir/foo", "foo", to: $0) })
    let part = try PartOfTree(tree, "sub/dir")
    #expect(try part.names(in: "") == ["foo"] && part.node("foo")?.size == 3 && part.digest("foo") == tree.digest("sub/dir/foo"))
    #expect(throws: HullError.self) { try PartOfTree(tree, "sub/none") }
  }
}
