// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import Testing

@testable import HullCommands

@Suite("Caches in directories")
struct BuildCacheTests {
  private func call(_ words: String...) throws -> Invocation {
    let flags = BuildFlags.all
    return try #require(try FlagParser(flags: flags, interspersed: true).parse(words, into: Invocation(path: "build", flags: flags, host: nil)))
  }

  private func withLayout(_ body: (CacheLayout) throws -> Void) throws {
    let directory = "/var/tmp/hull-cache-layout-\(UInt64.random(in: 0...UInt64.max))"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try body(CacheLayout(directory: directory))
  }

  private func digest(_ digit: Character) -> String { "sha256:" + String(repeating: digit, count: 64) }

  private func manifest(_ digit: Character) -> JSON { ["mediaType": "m", "digest": .string(digest(digit)), "size": .int(2)] }

  private func put(_ text: String, _ digit: Character, _ layout: CacheLayout) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: try layout.path(digest(digit))))
  }

  @Test func eachTagHasOneManifest() throws {
    try withLayout { layout in
      #expect(try layout.digest(tagged: "a") == nil)
      try layout.make()
      for (digit, tag) in [("1", "a"), ("2", "b"), ("3", "a")] as [(Character, String)] { try layout.note(manifest(digit), tag: tag) }
      #expect(try layout.digest(tagged: "a") == digest("3"))
      #expect(try layout.digest(tagged: "b") == digest("2"))
    }
  }

  @Test func blobsThatNoTagNeedsCanBeRemoved() throws {
    try withLayout { layout in
      try layout.make()
      try put("{\"config\":{\"digest\":\"\(digest("4"))\"},\"layers\":[{\"digest\":\"\(digest("5"))\"}]}", "1", layout)
      for digit in ["4", "5", "6"] as [Character] { try put("{}", digit, layout) }
      try layout.note(manifest("1"), tag: "a")
      try layout.removeRest()
      #expect(Set(try Files.names(layout.directory + "/blobs/sha256").map { $0.prefix(1) }) == ["1", "4", "5"])
    }
  }

  @Test func onlyDirectoriesOfTheFlagsAreOpenToTheEngine() throws {
    try withLayout { layout in
      let caches = try BuildCaches(call("--cache-to", "type=local,dest=\(layout.directory),tag=t", "."))
      #expect(caches.targets.map { $0["dest"] } == [layout.directory])
      let (one, two) = (try layout.path(digest("1")), try layout.path(digest("2")))
      #expect(try caches.place(layout.directory, digest("1")) == one)
      #expect(throws: HullError.self) { try caches.place("/etc", digest("1")) }
      #expect(throws: HullError.self) { try caches.source(layout.directory, digest("1")) }
      try caches.note(manifest("1"))
      let again = try BuildCaches(call("--cache-from", "type=local,src=\(layout.directory),tag=t", "--cache-from", "type=local,src=/nowhere", "."))
      #expect(again.sources.map { $0["digest"] } == [digest("1")])
      #expect(try again.source(layout.directory, digest("2")) == two)
    }
  }

  @Test(arguments: ["", "sha256:", "sha256:../../../etc/passwd", "sha512:00", "sha256:" + String(repeating: "G", count: 64)])
  func whatIsNoDigestIsNoPath(_ text: String) throws {
    #expect(throws: HullError.self) { try CacheLayout(directory: "/x").path(text) }
  }
}
