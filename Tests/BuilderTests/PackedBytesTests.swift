// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Testing

@testable import Builder

@Suite("Bytes of a context") struct PackedBytesTests {
  private static let pattern = (0..<251).map(UInt8.init)

  private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { Self.pattern[$0 % Self.pattern.count] } }

  /// Reads in pieces that fit nothing.
  private func read(_ source: any ByteSource) throws -> [UInt8] {
    let chunks = BufferedChunks(source, size: 1000)
    var all: [UInt8] = []
    while let chunk = try chunks.next() { all += chunk }
    return all
  }

  @Test("few and many are read as they were written", arguments: [[0, 0], [1, 65_535], [1, 65_536], [65_536, 1], [400_000, 7, 300_000]])
  func roundTrip(_ sizes: [Int]) throws {
    let writer = PackedBytesWriter(directory: "/var/tmp")
    var stretches: [PackedBytes.Stretch] = []
    for size in sizes {
      let all = bytes(size)
      for start in stride(from: 0, to: size, by: 50_000) { try writer.write(Array(all[start..<min(start + 50_000, size)])) }
      stretches.append(writer.end())
    }
    let packed = try writer.finish()
    #expect(packed.size == Int64(sizes.reduce(0, +)))
    for (size, stretch) in zip(sizes, stretches) {
      #expect(stretch.size == Int64(size))
      #expect(stretch.sum.digest == SHA256.digest(of: bytes(size)))
      #expect(try read(packed.source(stretch.offset, stretch.size)) == bytes(size))
    }
  }

  @Test("what is in memory can be a file, too", arguments: [10, 100_000]) func asFile(_ size: Int) throws {
    let writer = PackedBytesWriter(directory: "/var/tmp")
    try writer.write(bytes(size))
    let file = try writer.asFile()
    #expect(try read(FileSource(file.number, name: "the file")) == bytes(size))
  }
}
