// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import Testing

@Suite struct CompressionTests {
  let scratch: Scratch
  let plain: [UInt8]

  init() throws {
    scratch = try Scratch()
    plain = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 7) }
    try Data(plain).write(to: URL(fileURLWithPath: scratch("plain")))
  }

  private func decompress(_ bytes: [UInt8], limit: ExpansionLimit = .standard) throws -> [UInt8] {
    let pipeline = Pipeline(try DecompressingSource(PrefixedSource(bytes), limit: limit), blocks: 2, size: 1 << 16)
    var result: [UInt8] = []
    while let chunk = try pipeline.next() { result += Array(chunk) }
    return result
  }

  private func compress(_ command: String) throws -> [UInt8] {
    try scratch.run("sh", "-c", "{ \(command); } > out")
    return try #require(read(scratch("out")))
  }

  @Test(arguments: ["gzip -1 -c plain", "gzip -9 -c plain", "zstd -3 -c plain", "zstd -19 -c plain", "cat plain"])
  func whatWasCompressedComesOutAgain(command: String) throws {
    #expect(try decompress(compress(command)) == plain)
  }

  @Test(arguments: [(Compression.gzip, "gzip"), (.zstd, "zstd -q"), (.none, "cat")], [0, 6, 19])
  func whatIsCompressedHereOthersRead(_ form: (Compression, String), _ level: Int) throws {
    final class Collector: ByteSink {
      var bytes: [UInt8] = []
      func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) { self.bytes += bytes }
    }
    func compressed() throws -> [UInt8] {
      let collector = Collector()
      let sink = try form.0.sink(collector, level: level)
      for start in stride(from: 0, to: plain.count, by: 99_999) { try sink.write(Array(plain[start..<min(start + 99_999, plain.count)])) }
      try sink.finish()
      return collector.bytes
    }
    let bytes = try compressed()
    #expect(try decompress(bytes) == plain)
    #expect(try compressed() == bytes)
    try Data(bytes).write(to: URL(fileURLWithPath: scratch("made")))
    try scratch.run("sh", "-c", "\(form.1) \(form.1 == "cat" ? "" : "-dc") < made | cmp - plain")
  }

  /// One piece, pieces that end where the stream ends, many more than there are processors; and nothing.
  @Test(arguments: [0, 1, 1 << 19, (1 << 19) + 1, 40 << 19], [1, 6])
  func gzipOfAnyLengthIsOneMemberThatOthersRead(_ length: Int, _ level: Int) throws {
    final class Counter: ByteSink {
      var bytes: [UInt8] = []
      func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) { self.bytes += bytes }
    }
    var random = SystemRandomNumberGenerator()
    let words = (0..<1000).map { _ in "\(UInt16.random(in: 0...9999, using: &random)) " }
    var data: [UInt8] = []
    while data.count < length { data += Array(words[Int.random(in: 0..<1000, using: &random)].utf8) }
    data = Array(data.prefix(length))
    let counter = Counter()
    let sink = try Compression.gzip.sink(counter, level: level)
    try sink.write(data)
    try sink.finish()
    #expect(try decompress(counter.bytes) == data)
    try Data(data).write(to: URL(fileURLWithPath: scratch("data")))
    try Data(counter.bytes).write(to: URL(fileURLWithPath: scratch("data.gz")))
    try scratch.run("sh", "-c", "gzip -t data.gz && gzip -dc data.gz | cmp - data")
    // Readers that stop after the first member see everything.
    try scratch.run(
      "python3", "-c",
      "import zlib; d = zlib.decompressobj(31); b = d.decompress(open('data.gz', 'rb').read()); assert d.eof and not d.unused_data and len(b) == \(length)"
    )
    let one = try #require(Int(scratch.run("sh", "-c", "gzip -\(level) -c data | wc -c").trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(Double(counter.bytes.count) < Double(one) * 1.01 + 64)
  }

  @Test(arguments: ["gzip", "zstd -q"])
  func severalMembersAreOneStream(program: String) throws {
    #expect(try decompress(compress("\(program) -c plain; \(program) -c plain; printf '' | \(program) -c")) == plain + plain)
  }

  @Test func paddingOfZerosAfterGzipIsFine() throws {
    #expect(try decompress(compress("gzip -c plain") + [UInt8](repeating: 0, count: 700)) == plain)
    expectRefusal("data after the end") { _ = try decompress(compress("gzip -c plain") + [1, 2, 3]) }
  }

  @Test(arguments: ["gzip -c plain", "zstd -q -c plain"])
  func truncatedAndDamagedStreamsAreRefused(command: String) throws {
    let bytes = try compress(command)
    for length in [5, 20, bytes.count / 2, bytes.count - 9, bytes.count - 1] {
      expectRefusal("archive:") { _ = try decompress(Array(bytes.prefix(length))) }
    }
    for position in stride(from: 30, to: bytes.count, by: bytes.count / 20) {
      var damaged = bytes
      damaged[position] ^= 0x55
      expectRefusal("archive:") { if try decompress(damaged) != plain { throw HullError(.invalidArgument, "archive: other content") } }
    }
  }

  @Test func aBombIsRefused() throws {
    let bomb = try compress("head -c 300000000 /dev/zero | gzip")
    expectRefusal("decompression bomb") { _ = try decompress(bomb) }
    let zstd = try compress("head -c 300000000 /dev/zero | zstd -q")
    expectRefusal("decompression bomb") { _ = try decompress(zstd) }
  }

  @Test func aWindowLargerThanWeGiveIsRefused() throws {
    expectRefusal("window") { _ = try decompress(compress("echo x | zstd -q --long=28")) }
  }

  @Test func otherCompressionsAreNamed() throws {
    expectRefusal("xz compression is not supported") { _ = try decompress(compress("xz -c plain")) }
    expectRefusal("bzip2 compression is not supported") { _ = try decompress(Array("BZh91AY".utf8)) }
  }

  @Test func theDigestIsTheOneOfSha256sum() throws {
    let expected = try scratch.run("sha256sum", "plain").prefix(64)
    #expect(SHA256.digest(of: plain).hex == expected)
  }

  @Test func aPipelineThatNobodyReadsEnds() throws {
    let pipeline = Pipeline(PrefixedSource(plain), blocks: 2, size: 4096)
    _ = try pipeline.next()
  }
}
