// SPDX-License-Identifier: Apache-2.0
import Builder
import Errors
import Glibc
import Testing

@Suite("A directory of the host as a tree")
struct DirectoryTreeTests {
  /// A directory with a file, a directory, and links that lead out.
  private func withDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/hull-directory-tree.XXXXXX".utf8CString)
    let path = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { for name in ["sub/b", "sub", "a", "link", "way", "pipe", ""] { remove("\(path)/\(name)") } }
    #expect(mkdir("\(path)/sub", 0o750) == 0)
    for (name, text) in [("a", "alpha"), ("sub/b", "beta")] {
      let file = try #require(fopen("\(path)/\(name)", "w"))
      fputs(text, file)
      fclose(file)
    }
    #expect(symlink("/etc/passwd", "\(path)/link") == 0)
    #expect(symlink("/etc", "\(path)/way") == 0)
    #expect(mkfifo("\(path)/pipe", 0o600) == 0)
    try body(path)
  }

  @Test func namesAreSortedAndNodesAreDescribed() throws {
    try withDirectory { path in
      let tree = try DirectoryTree(path: path)
      #expect(try tree.names(in: "") == ["a", "link", "pipe", "sub", "way"])
      #expect(try tree.node("")?.kind == .directory)
      #expect(try tree.node("sub")?.mode == 0o750)
      #expect(try tree.node("a")?.size == 5)
      #expect(try tree.node("pipe")?.kind == .fifo)
      #expect(try tree.node("link")?.link == "/etc/passwd")
    }
  }

  @Test func bytesAndTheirDigestAreRead() throws {
    try withDirectory { path in
      let tree = try DirectoryTree(path: path)
      var text: [UInt8] = []
      try tree.read("sub/b") { text += Array($0) }
      #expect(text == Array("beta".utf8))
      #expect(try tree.digest("a").description == "sha256:8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8")
    }
  }

  @Test func noLinkIsFollowed() throws {
    try withDirectory { path in
      let tree = try DirectoryTree(path: path)
      #expect(try tree.node("way/passwd") == nil)
      #expect(try tree.node("../\(path)") == nil)
      #expect(try tree.node("nothing") == nil)
      #expect(try tree.node("a/b") == nil)
      #expect(throws: HullError.self) { try tree.read("link") { _ in } }
      #expect(throws: HullError.self) { try tree.read("way/passwd") { _ in } }
      #expect(throws: HullError.self) { try tree.read("pipe") { _ in } }
    }
  }
}
