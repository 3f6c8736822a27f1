// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import Foundation
import Glibc
import OCISpec
import Testing

@Suite struct PartialTests {
  private let scratch: Scratch
  private let content: [UInt8]
  private let digest: Digest

  init() throws {
    scratch = try Scratch()
    content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    digest = SHA256.digest(of: content)
  }

  private func store() throws -> ContentStore { try ContentStore(root: scratch("content")) }

  private func write(_ partial: Partial, _ range: Range<Int64>) throws {
    try content[Int(range.lowerBound)..<Int(range.upperBound)].withUnsafeBytes { try partial.write($0, at: range.lowerBound) }
  }

  private func files() throws -> [String] {
    try ["content/partial", "content/blobs/sha256"].flatMap { try FileManager.default.contentsOfDirectory(atPath: scratch($0)) }.sorted()
  }

  @Test func whatACrashLeavesIsGoneOnWith() throws {
    do {
      let partial = try store().partial(digest, size: 100_000)
      #expect(partial.missing() == [0..<100_000] && !partial.isResumed)
      try write(partial, 0..<1000)
      try write(partial, 50_000..<60_000)
      try write(partial, 1000..<1500)
    }
    let store = try store()
    let partial = try store.partial(digest, size: 100_000)
    #expect(partial.missing() == [1500..<50_000, 60_000..<100_000] && partial.isResumed)
    for range in partial.missing() { try write(partial, range) }
    try partial.verify()
    #expect(try files() == [digest.hex, digest.hex + ".map"])
    try store.publish([digest])
    #expect(try files() == [digest.hex])
    #expect(try store.read(digest) == content)
  }

  @Test func whoeverWasSlowerLeavesNothing() throws {
    let store = try store()
    for _ in 0..<2 {
      let partial = try store.partial(digest, size: 100_000)
      try write(partial, 0..<100_000)
      try partial.verify()
      try store.publish([digest])
    }
    #expect(try files() == [digest.hex])
  }

  @Test func aReaderFollowsWhatIsThereFromTheBeginning() async throws {
    let partial = try store().partial(digest, size: 100_000)
    async let read = Task.detached {
      let (source, buffer) = (partial.source(), UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16))
      defer { buffer.deallocate() }
      var bytes: [UInt8] = []
      while case let count = try source.read(into: buffer), count > 0 { bytes += buffer[..<count] }
      return bytes
    }.value
    try write(partial, 40_000..<100_000)
    try write(partial, 0..<10)
    try write(partial, 10..<40_000)
    #expect(try await read == content)
    try partial.verify()
  }

  @Test func aReaderHearsThatNothingMoreComes() throws {
    let partial = try store().partial(digest, size: 100_000)
    partial.fail(HullError(.unavailable, "the line is cut"))
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 16)
    defer { buffer.deallocate() }
    expectRefusal("the line is cut") { _ = try partial.source().read(into: buffer) }
  }

  @Test func aWrongDigestLeavesNothing() throws {
    let partial = try store().partial(SHA256.digest(of: "other"), size: 100_000)
    try write(partial, 0..<100_000)
    expectRefusal("wrong digest", digest.description) { try partial.verify() }
    #expect(try files().isEmpty)
  }

  @Test func moreThanTheSizeIsRefused() throws {
    let partial = try store().partial(digest, size: 10)
    expectRefusal("more than its 10 bytes") { try write(partial, 5..<11) }
    expectRefusal("not complete") { try partial.verify() }
  }

  @Test func manyPiecesInAnyOrderBecomeOne() throws {
    let partial = try store().partial(digest, size: 100_000)
    for piece in (0..<100).map({ Int64($0 * 37 % 100) }) { try write(partial, piece * 1000..<piece * 1000 + 1000) }
    #expect(partial.missing().isEmpty)
    try partial.verify()
  }

  @Test func filesThatBelongToNoDownloadAreSwept() throws {
    _ = try store()
    for name in ["rubbish", digest.hex, SHA256.digest(of: "x").hex + ".map"] {
      _ = FileManager.default.createFile(atPath: scratch("content/partial/" + name), contents: Data())
    }
    _ = try store()
    #expect(try files().isEmpty)
  }
}
