// SPDX-License-Identifier: Apache-2.0
import Errors
import Testing

@testable import HullCommands

@Suite struct StreamTests {
  private func frame(_ stream: UInt8, _ text: String) -> [UInt8] { [stream, 0, 0, 0, 0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8) }

  @Test func framesArePartedWhereverTheyAreCut() throws {
    let bytes = frame(1, "out") + frame(2, "error") + frame(1, "") + frame(0, "in") + frame(1, "!")
    for size in 1...bytes.count {
      var demultiplexer = Demultiplexer()
      var (out, err) = ("", "")
      for start in stride(from: 0, to: bytes.count, by: size) {
        try demultiplexer.feed(Array(bytes[start..<min(start + size, bytes.count)])) { stream, data in
          if stream == .stderr { err += String(decoding: data, as: UTF8.self) } else { out += String(decoding: data, as: UTF8.self) }
        }
      }
      #expect(out == "outin!")
      #expect(err == "error")
    }
  }

  @Test func anUnknownStreamIsAnError() {
    var demultiplexer = Demultiplexer()
    #expect(throws: HullError.self) { try demultiplexer.feed(frame(9, "x")) { _, _ in } }
  }

  @Test func detachKeysAreHeldBackUntilTheyAreSure() throws {
    var keys = DetachKeys(try DetachKeys.parse(""))
    #expect(keys.filter([0x61, 0x10]) == [0x61])
    #expect(keys.filter([0x62]) == [0x10, 0x62])
    #expect(keys.filter([0x10, 0x10, 0x62]) == [0x10, 0x10, 0x62])
    #expect(keys.filter([0x10]) == [])
    #expect(keys.filter([0x11]) == nil)
  }

  @Test func detachKeysAreNamed() throws {
    #expect(try DetachKeys.parse("ctrl-a,x,ctrl-\\,DEL") == [1, 0x78, 0x1C, 127])
    for text in ["ctrl-", "ab", "ctrl-1", ","] { #expect(throws: HullError.self) { try DetachKeys.parse(text) } }
  }

  @Test func hostsAreUnixSockets() throws {
    #expect(try Endpoint.chosen(flag: nil) { _ in nil } == Endpoint(path: "/run/hull/hull.sock"))
    #expect(try Endpoint.chosen(flag: nil) { ["DOCKER_HOST": "unix:///d", "HULL_HOST": "unix:///h"][$0] } == Endpoint(path: "/h"))
    #expect(try Endpoint.chosen(flag: nil) { ["DOCKER_HOST": "tcp://x:1"][$0] } == Endpoint.standard)
    #expect(try Endpoint.chosen(flag: "/f") { _ in "unix:///h" } == Endpoint(path: "/f"))
    #expect(throws: HullError.self) { try Endpoint.parse("tcp://localhost:2375") }
  }

  @Test func pathsAreCleanedAsGoCleansThem() {
    #expect(Paths.clean("/a/../b//./c/") == "/b/c")
    #expect(Paths.clean("../a/..") == "..")
    #expect(Paths.clean("/..") == "/")
    #expect(Paths.clean("") == ".")
    #expect(Paths.split("/a/b") == ("/a", "b"))
    #expect(Paths.split("/b") == ("/", "b"))
    #expect(Paths.split("b") == (".", "b"))
    #expect(ContainerCopy.split("/a/b/.") == ("/a/b", "."))
  }

  @Test func imageNamesAreParted() {
    #expect(ImageName.parts("localhost:5000/x") == ("localhost:5000/x", ""))
    #expect(ImageName.parts("localhost:5000/x:1") == ("localhost:5000/x", "1"))
    #expect(ImageName.withTag("docker.io/library/busybox") == "busybox:latest")
    #expect(ImageName.withTag("localhost:5000/x") == "localhost:5000/x:latest")
  }

  @Test func copiedEntriesTakeTheNameOfTheirTarget() {
    #expect(CopyOut.renamed("root/d/a", base: "root", to: "out") == "out/d/a")
    #expect(CopyOut.renamed("root/", base: "root", to: nil) == "root")
    #expect(CopyOut.renamed("./a", base: ".", to: nil) == "a")
    #expect(CopyOut.renamed("./", base: ".", to: "new") == "new")
  }

  @Test func pathsForURLsAreEscaped() {
    #expect(EngineClient.escaped("a b/c?é") == "a%20b%2Fc%3F%C3%A9")
    #expect(EngineClient.escapedPath("localhost:5000/x") == "localhost%3A5000/x")
  }

  @Test func base64IsDecoded() {
    #expect(Base64.decode("aGVsbG8=") == Array("hello".utf8))
    #expect(Base64.decode("aGVsbG8gd29ybGQh") == Array("hello world!".utf8))
  }
}
