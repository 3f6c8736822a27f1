// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import ImageStore
import OCISpec
import Synchronization
import Testing

/// The disk budget: what goes when images take too much, and in which order.
@Suite struct ReclaimTests {
  let scratch: Scratch
  let store: ImageStore

  init() throws {
    scratch = try Scratch()
    store = try scratch.store()
  }

  /// Some 200 kB each: a layer, stored and unpacked.
  private func load(_ name: String) throws -> Digest {
    let layer = RawTar.make { $0.file(name, String(repeating: name.prefix(1).description, count: 100_000)) }
    let image = TestImage(layers: [layer], tags: ["\(name):1"])
    _ = try store.load(from: scratch.file(image.legacy()))
    return image.id
  }

  private func reclaim(_ bytes: Int64, incoming: Int64 = 0, used: Set<Digest> = []) throws -> Reclaimed? {
    try store.reclaim(.bytes(bytes), incoming: incoming) { used.contains($0) ? [ImageHolder(id: "0123456789ab", running: false)] : [] }
  }

  private func names(_ reclaimed: Reclaimed?) -> [String] { reclaimed?.images.compactMap { $0.image.tags.first?.familiar } ?? [] }

  @Test func sizesAndSharesAreRead() throws {
    #expect(try DiskBudget(parsing: "0") == .none)
    #expect(try DiskBudget(parsing: "20g") == .bytes(20 << 30))
    #expect(try DiskBudget(parsing: "1.5GiB") == .bytes(3 << 29))
    #expect(try DiskBudget(parsing: "500MB") == .bytes(500 << 20))
    #expect(try DiskBudget(parsing: "4096") == .bytes(4096))
    #expect(try DiskBudget(parsing: "80%") == .percent(80))
    #expect(DiskBudget.percent(80).limit(disk: 1000) == 800 && DiskBudget.none.limit(disk: 1000) == nil)
    for wrong in ["", "x", "101%", "0%", "-1", "5q", "%"] { expectRefusal("invalid disk budget") { _ = try DiskBudget(parsing: wrong) } }
  }

  @Test func withoutABudgetAndWithRoomNothingGoes() throws {
    _ = try load("a")
    _ = try load("b")
    #expect(try store.reclaim(.none, incoming: 1 << 40) { _ in [] } == nil)
    #expect(try reclaim(1 << 30) == nil)
    #expect(try store.list().count == 2)
  }

  @Test func whatWasUnusedForTheLongestTimeGoesFirst() throws {
    for name in ["a", "b", "c", "d"] { _ = try load(name) }
    try store.database.write("use") { try store.touch([store.resolve("a:1").id], in: $0) }
    // All four are 810 kB; two fit below nine tenths of this.
    let reclaimed = try #require(try reclaim(500_000))
    #expect(names(reclaimed) == ["b:1", "c:1"] && !reclaimed.isOver)
    #expect(try store.usage().total == reclaimed.used && reclaimed.used < 450_000)
    #expect(try Set(store.list().flatMap(\.tags).map(\.familiar)) == ["a:1", "d:1"])
    #expect(try store.check().problems.isEmpty)
  }

  @Test func makingAContainerIsAUse() throws {
    for name in ["a", "b", "c"] { _ = try load(name) }
    _ = try store.hold(store.resolve("a:1").id, by: "c1")
    try store.release("c1")
    #expect(names(try reclaim(600_000)) == ["b:1"])
  }

  @Test func whatIsComingInCounts() throws {
    for name in ["a", "b", "c"] { _ = try load(name) }
    #expect(try reclaim(1_000_000) == nil)
    #expect(names(try reclaim(1_000_000, incoming: 400_000)) == ["a:1"])
  }

  @Test func whatIsInUseStaysWhateverTheBudget() throws {
    let (a, b) = (try load("a"), try load("b"))
    let c = try load("c")
    let claim = store.claim()
    claim.claim(blobs: [b])
    let reclaimed = try #require(try reclaim(1000, used: [a]))
    // The last one that was used stays too.
    #expect(names(reclaimed).isEmpty && reclaimed.isOver)
    try claim.release()
    #expect(names(try reclaim(1000, used: [a])) == ["b:1"])
    #expect(try Set(store.list().map(\.id)) == [a, c])
  }

  @Test func anImageWithSeveralNamesAndPlatformsGoesWhole() throws {
    let mine = TestImage(layers: [RawTar.make { $0.file("m", String(repeating: "m", count: 100_000)) }])
    let other = TestImage(layers: [RawTar.make { $0.file("o", String(repeating: "o", count: 100_000)) }], architecture: "s390x")
    try Arriving(store: store).adopt("multi:1", index: [mine, other], here: [mine, other])
    try store.tag("multi:1", as: Reference("multi:2"))
    _ = try load("z")
    #expect(try reclaim(400_000, used: [other.id])?.images.isEmpty == true)
    let reclaimed = try #require(try reclaim(400_000))
    #expect(reclaimed.images.map(\.image.id) == [mine.id])
    #expect(try store.list().map { $0.tags.map(\.familiar) } == [["z:1"]])
    #expect(try store.check().problems.isEmpty)
  }

  @Test func cutDownloadsGoBeforeImages() throws {
    _ = try load("a")
    _ = try load("b")
    let digest = SHA256.digest(of: "cut")
    do {
      let partial = try store.blobs.partial(digest, size: 300_000)
      try [UInt8](repeating: 1, count: 299_999).withUnsafeBytes { try partial.write($0, at: 0) }
      // One that goes on is left alone.
      #expect(try reclaim(600_000)?.downloads == [])
      _ = try load("b")
    }
    _ = try load("a")
    let reclaimed = try #require(try reclaim(600_000))
    #expect(reclaimed.downloads == [digest] && reclaimed.images.isEmpty)
  }

  @Test func roomIsAskedForBeforeBytesComeIn() throws {
    let asked = Mutex<[Int64]>([])
    store.blobs.beforeReceiving { count in asked.withLock { $0.append(count) } }
    #expect(store.blobs.asksForRoom)
    let ingest = try store.blobs.ingest()
    let block = [UInt8](repeating: 0, count: 1 << 20)
    _ = try ingest.receive { (sink) throws(HullError) in for _ in 0..<130 { try sink.write(block) } }
    #expect(asked.withLock { $0 } == [64 << 20, 64 << 20])
  }

  @Test func whatAPruneSaysIsWhatTheDiskGetsBack() throws {
    _ = try load("a")
    let shared = TestImage(layers: [RawTar.make { $0.file("s", "shared") }, RawTar.make { $0.file("t", "top") }], tags: ["s:1"])
    let base = TestImage(layers: [shared.layers[0]], tags: ["s:0"])
    for image in [shared, base] { _ = try store.load(from: scratch.file(image.legacy())) }
    #expect(try store.sharedSizes() == [shared.id: 6, base.id: 6])
    let before = try store.usage()
    var filter = ImageFilter()
    filter.dangling = false
    let (removals, reclaimed) = try store.prune(filter) { $0 == base.id ? [ImageHolder(id: "c", running: true)] : [] }
    let after = try store.usage()
    #expect(removals.contains(.deletedImage(shared.id)) && before.total - after.total == reclaimed && after.layers == 6)
    #expect(try store.sharedSizes().isEmpty)
  }
}
