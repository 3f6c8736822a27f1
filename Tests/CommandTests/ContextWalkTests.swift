// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Errors
import Glibc
import Testing

@testable import HullCommands

@Suite final class ContextWalkTests {
  private let root: String

  init() throws {
    root = try TemporaryDirectory.make("hull-context")
    for directory in ["a", "a/deep", "b"] { mkdir("\(root)/\(directory)", 0o755) }
    for file in ["Dockerfile", "a/one", "a/deep/two.log", "b/three", "z"] {
      let descriptor = open("\(root)/\(file)", O_WRONLY | O_CREAT, 0o640)
      Output.writeAll(descriptor, Array(file.utf8))
      close(descriptor)
    }
    symlink("/etc", "\(root)/link")
  }

  deinit { TemporaryDirectory.remove(root) }

  private func list(includes: [String] = [], followed: [String] = [], excludes: [String] = []) throws -> [ListedFile] {
    var files: [ListedFile] = []
    try BuildContext(directory: root).list(includes: includes, followed: followed, excludes: excludes) { files.append($0) }
    return files
  }

  @Test func everythingIsListedInOrderAndNothingIsFollowed() throws {
    let files = try list()
    #expect(files.map(\.path) == ["Dockerfile", "a", "a/deep", "a/deep/two.log", "a/one", "b", "b/three", "link", "z"])
    #expect(files[7].kind == .symbolicLink && files[7].link == "/etc")
    #expect(files[0].size == 10 && files[0].mode == 0o640 && files[0].inode != 0)
  }

  @Test func patternsLeaveOutAndTakeBack() throws {
    #expect(try list(excludes: ["a", "!a/deep/*.log"]).map(\.path) == ["Dockerfile", "a/deep/two.log", "b", "b/three", "link", "z"])
    #expect(try list(excludes: ["**/*.log", "b"]).map(\.path) == ["Dockerfile", "a", "a/deep", "a/one", "link", "z"])
  }

  @Test func onlyWhatIsAskedForIsListed() throws {
    #expect(try list(includes: ["a/deep", "./z", "nothing"]).map(\.path) == ["a/deep", "a/deep/two.log", "z"])
  }

  @Test func onlyWhatCopiesTakeIsListed() throws {
    #expect(try list(followed: ["a/*/two.log", "z", "none"]).map(\.path) == ["a/deep/two.log", "z"])
    #expect(try list(includes: ["b"], followed: ["a/one"]).map(\.path) == ["a/one", "b", "b/three"])
    #expect(try list(followed: ["a/**/x"]).map(\.path) == ["a", "a/deep", "a/deep/two.log", "a/one"])
    #expect(try list(followed: ["a"], excludes: ["a/deep"]).map(\.path) == ["a", "a/one"])
    #expect(try list(followed: [""]).count == 9)
  }

  @Test func linksAmongThoseAreFollowedWithinTheContext() throws {
    symlink("../b", "\(root)/a/inner")
    symlink("/a/inner/three", "\(root)/c")
    symlink("loop", "\(root)/loop")
    #expect(try list(followed: ["c"]).map(\.path) == ["a/inner", "b/three", "c"])
    #expect(try list(followed: ["a/inner/t*"]).map(\.path) == ["a/inner", "b/three"])
    #expect(try list(followed: ["link/passwd", "loop", "../../z"]).map(\.path) == ["link", "loop", "z"])
  }

  @Test func aListingIsReadAsItWasWritten() throws {
    let files = try list()
    var bytes: [UInt8] = []
    for file in files { file.append(to: &bytes) }
    #expect(try ListedFile.parse(bytes) == files)
  }

  @Test func framesAreReadInWhateverPiecesTheyCome() throws {
    let frames = [Frame(.request, text: "{}"), Frame(.data, stream: 7, Array(repeating: 9, count: 70_000)), Frame(.end, stream: 7)]
    let bytes = frames.flatMap(\.bytes)
    for size in [1, 8, 9, 10, 1000, bytes.count] {
      var reader = FrameReader()
      var read: [Frame] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        reader.feed(bytes[start..<min(start + size, bytes.count)])
        while let frame = try reader.next() { read.append(frame) }
      }
      #expect(read == frames)
    }
    var reader = FrameReader()
    reader.feed(Array("HTTP/1.1 400 Bad Request\r\n".utf8))
    #expect(throws: HullError.self) { try reader.next() }
  }
}
