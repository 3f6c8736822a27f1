// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import Testing

@Suite struct TarReaderTests {
  @Test(arguments: ["v7", "oldgnu", "gnu", "ustar", "pax"])
  func everyFormatOfGNUTarIsRead(format: String) throws {
    let scratch = try Scratch()
    _ = try scratch.directory("in/d")
    try Data("hello".utf8).write(to: URL(fileURLWithPath: scratch("in/d/file")))
    try FileManager.default.createSymbolicLink(atPath: scratch("in/link"), withDestinationPath: "d/file")
    link(scratch("in/d/file"), scratch("in/hard"))
    try scratch.run("tar", "--format=\(format)", "--sort=name", "-C", scratch("in"), "-cf", scratch("a.tar"), ".")
    let found = try entries(#require(read(scratch("a.tar"))))
    #expect(found.map { String(decoding: $0.entry.path, as: UTF8.self) } == ["./", "./d/", "./d/file", "./hard", "./link"])
    #expect(found.map(\.entry.kind) == [.directory, .directory, .regular, .hardLink, .symbolicLink])
    #expect(found[2].data == Array("hello".utf8))
    #expect(found[4].entry.link == Array("d/file".utf8))
  }

  @Test(arguments: ["gnu", "pax"])
  func longNamesAreWhole(format: String) throws {
    let scratch = try Scratch()
    let long = (0..<20).map { _ in String(repeating: "n", count: 90) }.joined(separator: "/")
    _ = try scratch.directory("in/\(long)")
    try FileManager.default.createSymbolicLink(atPath: scratch("in/link"), withDestinationPath: "/" + long)
    try scratch.run("tar", "--format=\(format)", "-C", scratch("in"), "-cf", scratch("a.tar"), ".")
    let found = try entries(#require(read(scratch("a.tar"))))
    #expect(found.contains { $0.entry.path == Array("./\(long)/".utf8) })
    #expect(found.contains { $0.entry.link == Array("/\(long)".utf8) })
  }

  @Test(arguments: [
    ["--format=oldgnu"], ["--format=gnu"], ["--format=pax", "--sparse-version=0.0"], ["--format=pax", "--sparse-version=0.1"],
    ["--format=pax", "--sparse-version=1.0"],
  ])
  func sparseFilesComeOutWithTheirHoles(format: [String]) throws {
    let scratch = try Scratch()
    _ = try scratch.directory("in")
    let file = open(scratch("in/sparse"), O_WRONLY | O_CREAT, 0o644)
    for part in 0..<60 { pwrite(file, "part", 4, off_t(part) << 17) }
    ftruncate(file, 20 << 20)
    close(file)
    var arguments = ["tar", "--sparse"] + format
    arguments += ["-C", scratch("in"), "-cf", scratch("a.tar"), "sparse"]
    try scratch.run("sh", "-c", arguments.joined(separator: " "))
    let out = try scratch.directory("out")
    defer { close(out) }
    try ArchiveFiles.extract(from: open(scratch("a.tar"), O_RDONLY), root: out)
    try scratch.run("cmp", scratch("in/sparse"), scratch("out/sparse"))
    let blocks = try #require(status(scratch("out/sparse"))).st_blocks
    #expect(blocks < 4096, "\(blocks) blocks are not sparse")
    #expect(try #require(status(scratch("a.tar"))).st_size < 2 << 20, "tar made no sparse archive")
  }

  @Test func numbersMayBeBase256() throws {
    let tar = RawTar.make { tar in
      tar.add("big", uid: 0) { block in
        for index in 108..<116 { block[index] = 0 }
        block[108] = 0x80
        block[113] = 1
      }
    }
    #expect(try entries(tar)[0].entry.uid == 65536)
  }

  @Test func timesMayHaveFractionsAndBeBeforeTheEpoch() throws {
    let tar = RawTar.make { tar in
      tar.pax([("mtime", "-1.25")])
      tar.file("old")
      tar.pax([("mtime", "12.0000000019")])
      tar.file("new")
    }
    let found = try entries(tar)
    #expect(found[0].entry.modified == TarEntry.Time(seconds: -2, nanoseconds: 750_000_000))
    #expect(found[1].entry.modified == TarEntry.Time(seconds: 12, nanoseconds: 1))
  }

  @Test func anEmptyArchiveHasNoEntries() throws {
    #expect(try entries([UInt8](repeating: 0, count: 1024)).isEmpty)
    #expect(try entries([UInt8](repeating: 0, count: 10_240)).isEmpty)
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    final class Sink: ByteSink {
      var bytes: [UInt8] = []
      func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) { self.bytes += Array(bytes) }
    }
    let sink = Sink()
    let writer = TarWriter(sink)
    var expected: [TarEntry] = []
    for length in [1, 99, 100, 101, 155, 156, 255, 256, 257, 300, 2000] {
      var entry = TarEntry(kind: .regular, path: Array(String(repeating: "a/", count: length / 2).utf8) + [0x62], mode: 0o4755)
      entry.uid = UInt32(length) << 20
      entry.modified.seconds = Int64(length) - 150
      entry.attributes = [TarEntry.Attribute(name: Array("user.x".utf8), value: [0, 10, 61, UInt8(truncatingIfNeeded: length)])]
      expected.append(entry)
      try writer.begin(entry)
    }
    var link = TarEntry(kind: .symbolicLink, path: Array("ünïcödé".utf8), mode: 0o777)
    link.link = Array(repeating: 0xff, count: 200)
    expected.append(link)
    try writer.begin(link)
    try writer.finish()
    let found = try entries(sink.bytes).map(\.entry)
    #expect(found.map(\.path) == expected.map(\.path))
    #expect(found.map(\.uid) == expected.map(\.uid))
    #expect(found.map(\.modified) == expected.map(\.modified))
    #expect(found.map(\.attributes) == expected.map(\.attributes))
    #expect(found.last?.link == link.link)
    let scratch = try Scratch()
    _ = try scratch.file(sink.bytes)
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
    #expect(try scratch.run("tar", "-tf", scratch(names[0])).split(separator: "\n").count == expected.count)
  }

  // MARK: Hostile

  @Test func whatIsNoTarIsRefused() {
    expectRefusal("not a tar archive") { _ = try entries(Array("hello".utf8)) }
    expectRefusal("not a tar archive") { _ = try entries([UInt8](repeating: 0x41, count: 4096)) }
  }

  @Test func aTruncatedArchiveNamesTheEntryItEndsIn() {
    let tar = RawTar.make { $0.add("cut", data: [UInt8](repeating: 1, count: 5000)) }
    for length in [513, 1024, 5000, 5511] { expectRefusal("truncated", "\"cut\"") { _ = try entries(Array(tar.prefix(length))) } }
    expectRefusal("truncated", "\"cut\"") { _ = try entries(Array(tar.prefix(5632 + 100))) }
  }

  @Test func aDamagedHeaderIsRefused() {
    var tar = RawTar.make {
      $0.file("first")
      $0.file("second")
    }
    tar[1024] ^= 1
    expectRefusal("damaged header after \"first\"") { _ = try entries(tar) }
  }

  @Test func impossibleNumbersAreRefused() {
    func field(_ offset: Int, _ bytes: [UInt8]) -> [UInt8] {
      RawTar.make { tar in tar.add("n") { block in for (index, byte) in bytes.enumerated() { block[offset + index] = byte } } }
    }
    let minusOne = [UInt8](repeating: 0xff, count: 12)
    expectRefusal("impossible size of -1", "\"n\"") { _ = try entries(field(124, minusOne)) }
    expectRefusal("unreadable size") { _ = try entries(field(124, [0x80] + [UInt8](repeating: 0x7f, count: 11))) }
    expectRefusal("unreadable size") { _ = try entries(field(124, Array("99999999999".utf8))) }
    expectRefusal("impossible owner") { _ = try entries(field(108, [UInt8](repeating: 0xff, count: 8))) }
    expectRefusal("impossible size", "\"n\"") {
      _ = try entries(
        RawTar.make { tar in
          tar.pax([("size", "99999999999999999")])
          tar.file("n")
        })
    }
  }

  @Test func extensionHeadersAreBounded() {
    expectRefusal("extension header of 2000000 bytes") { _ = try entries(RawTar.make { $0.add("x", type: "x", size: 2_000_000) }) }
    expectRefusal("extension header of 2000000 bytes") { _ = try entries(RawTar.make { $0.add("x", type: "L", size: 2_000_000) }) }
    expectRefusal("extension header") { _ = try entries(RawTar.make { $0.add("x", type: "g", size: 2_000_000) }) }
  }

  @Test(arguments: ["5 a=b", "99 path=x\n", "6 path\n", "-5 a=b\n", "999999999999999999999 a=b\n", "x a=b\n", "12 path=a\u{0}b\n", "11 size=ab\n"])
  func damagedPaxRecordsAreRefused(record: String) {
    expectRefusal("pax header") {
      _ = try entries(
        RawTar.make { tar in
          tar.add("h", type: "x", data: Array(record.utf8))
          tar.file("n")
        })
    }
  }

  @Test func damagedSparseMapsAreRefused() {
    for (map, words) in [
      ("0,5,3,5", "\"n\""), ("0,6", "\"n\""), ("10,5", "\"n\""), ("4,4,0,1", "\"n\""), ("0,-5", "GNU.sparse.map"), ("1,2,3", "GNU.sparse.map"),
    ] {
      expectRefusal(words) {
        _ = try entries(
          RawTar.make { tar in
            tar.pax([("GNU.sparse.map", map), ("GNU.sparse.size", "12"), ("GNU.sparse.name", "n")])
            tar.file("other", "01234")
          })
      }
    }
  }

  @Test func tooManyEntriesAreRefused() throws {
    var limits = TarReader.Limits()
    limits.entries = 10
    let tar = RawTar.make { tar in for index in 0..<10 { tar.file("f\(index)") } }
    let reader = TarReader(BufferedChunks(PrefixedSource(tar)), limits: limits)
    expectRefusal("refused at entry \"f9\"") { while try reader.next() != nil {} }
  }

  @Test func unknownTypesAreRefused() {
    expectRefusal("\"odd\"", "unknown type") { _ = try entries(RawTar.make { $0.add("odd", type: "Q") }) }
  }
}
