// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import Testing

@testable import Builder

@Suite("Files of clients' graphs")
struct GraphFilesTests {
  /// A tree of files with their bytes; names with a slash at the end are directories.
  private func tree(_ files: [(String, String)]) throws -> TreePack {
    let writer = TreePackWriter(directory: "/var/tmp")
    for (path, text) in files {
      let isDirectory = path.hasSuffix("/")
      var node = TreeNode(kind: isDirectory ? .directory : .regular, mode: isDirectory ? 0o755 : 0o644)
      node.size = Int64(text.utf8.count)
      writer.begin(isDirectory ? String(path.dropLast()) : path, node)
      try Array(text.utf8).withUnsafeBytes { bytes in try writer.write(bytes) }
      try writer.end()
    }
    return try writer.finish()
  }

  private final class Bytes: ByteSink {
    var bytes: [UInt8] = []
    func write(_ more: UnsafeRawBufferPointer) throws(HullError) { bytes += more }
  }

  @Test func aDifferenceHasWhatIsNewAndWhatIsGone() throws {
    let lower = try tree([("d/", ""), ("d/gone", "1"), ("d/same", "2"), ("kept", "3"), ("other", "4")])
    let upper = try tree([("d/", ""), ("d/new", "5"), ("d/same", "2"), ("kept", "3"), ("other", "6")])
    let sink = Bytes()
    let writer = TarWriter(sink)
    try TreeComparison(lower: lower, upper: upper).write(to: writer)
    try writer.finish()
    let pack = try TreePack.receive(PrefixedSource(sink.bytes), keptIn: "/var/tmp")
    #expect(pack.names(in: "") == ["d", "other"] && pack.names(in: "d") == [".wh.gone", "new"])
  }

  @Test func equalTreesDoNotDiffer() throws {
    let one = try tree([("a/", ""), ("a/b", "1")])
    let sink = Bytes()
    let writer = TarWriter(sink)
    try TreeComparison(lower: one, upper: one).write(to: writer)
    try writer.finish()
    #expect(try TreePack.receive(PrefixedSource(sink.bytes), keptIn: "/var/tmp").names(in: "") == [])
  }

  /// Where files of `d/f`, `d/g.txt` and `h` go, copied to a destination.
  private func copied(_ source: String, to destination: String, base: [(String, String)], _ details: CopyStep.Details) throws -> [String] {
    let files = try tree([("d/", ""), ("d/f", "1"), ("d/g.txt", "2"), ("h", "3")])
    var step = CopyStep(
      sources: [.files(input: 1, patterns: [source])], destination: destination, intoDirectory: false, instruction: "", verb: "copy")
    step.details = details
    let items = try CopySelection(step: step, trees: [1: files], scratch: "/var/tmp").items()
    var targets = CopyTargets(base: try tree(base))
    try targets.place(items, of: step)
    var paths: [String] = []
    try targets.forEach { (path, _) throws(HullError) in paths.append(path) }
    return paths
  }

  @Test func aDirectoryGoesIntoOneThatIsThere() throws {
    var details = CopyStep.Details()
    #expect(try copied("d", to: "/to", base: [("to/", "")], details) == ["to/f", "to/g.txt"])
    details.keepsDirectory = true
    #expect(try copied("d", to: "/to", base: [("to/", "")], details) == ["to/d", "to/d/f", "to/d/g.txt"])
    #expect(try copied("d", to: "/to", base: [], details) == ["to", "to/f", "to/g.txt"])
  }

  @Test func onlyWhatIsWantedIsCopied() throws {
    var details = CopyStep.Details()
    details.includes = ["*.txt"]
    #expect(try copied("d", to: "/to", base: [], details) == ["to", "to/g.txt"])
  }

  @Test func namesArePatternsOnlyWhereTheyMayBe() throws {
    var details = CopyStep.Details()
    details.isLiteral = true
    #expect(throws: HullError.self) { try copied("d/*.none", to: "/to/", base: [], details) }
    details = CopyStep.Details()
    #expect(try copied("d/*.none", to: "/to", base: [], details) == [])
    details.needsFiles = true
    #expect(throws: HullError.self) { try copied("d/*.none", to: "/to", base: [], details) }
  }

  @Test func theDestinationsDirectoryMayHaveToBeThere() throws {
    var details = CopyStep.Details()
    details.needsParent = true
    #expect(throws: HullError.self) { try copied("h", to: "/x/y", base: [], details) }
    #expect(try copied("h", to: "/x/y", base: [("x/", "")], details) == ["x/y"])
  }

  @Test func aDirectoryNeedNotMakeItsParents() throws {
    var targets = CopyTargets(base: try tree([("a/", "")]), directoryMode: 0o700)
    #expect(throws: HullError.self) { try targets.checkParent("b/c") }
    try targets.checkParent("a/c")
    try targets.makeDirectories("a/c")
    var modes: [UInt32] = []
    try targets.forEach { (_, entry) throws(HullError) in modes.append(entry.node.mode) }
    #expect(modes == [0o700])
  }
}
