// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import ImageStore
import OCISpec
import Testing

/// What the catalogue knows of indexes, of images for several platforms under one name, and of referrers.
@Suite struct AdoptTests {
  let scratch: Scratch
  let store: ImageStore
  let mine = TestImage(layers: [RawTar.make { $0.file("shared") }, RawTar.make { $0.file("mine") }])
  let other = TestImage(layers: [RawTar.make { $0.file("shared") }, RawTar.make { $0.file("other") }], architecture: "s390x")
  let third = TestImage(layers: [RawTar.make { $0.file("third") }], architecture: "riscv64")
  private var arriving: Arriving { Arriving(store: store) }

  init() throws {
    scratch = try Scratch()
    store = try scratch.store()
  }

  private func remove(_ name: String, force: Bool = false, used: Set<Digest> = []) throws -> [Removal] {
    try store.remove(name, force: force) { used.contains($0) ? [ImageHolder(id: "0123456789abcdef", running: false)] : [] }
  }

  private func list(_ change: (inout ImageFilter) -> Void = { _ in }) throws -> Set<Digest> {
    var filter = ImageFilter()
    change(&filter)
    return Set(try store.list(filter).map(\.id))
  }

  @Test func aNameStandsForTheImageOfThisMachine() throws {
    let index = try arriving.adopt("app:1", index: [other, mine], here: [other, mine])
    #expect(try store.resolve("app:1").id == mine.id)
    #expect(try store.resolve("app@\(index)").id == mine.id)
    let wanted = try Platform(parsing: "linux/s390x")
    #expect(try store.resolve("app:1", platform: wanted).id == other.id)
    expectRefusal("does not match the specified platform") { _ = try store.resolve("app:1", platform: try Platform(parsing: "linux/riscv64")) }
    #expect(try store.resolve(other.id.hex).tags.map(\.familiar) == ["app:1"])
  }

  @Test func listsShowOneImageUnlessAllAreAskedFor() throws {
    try arriving.adopt("app:1", index: [other, mine, third], here: [other, mine])
    #expect(try list() == [mine.id])
    #expect(try list { $0.variants = true } == [mine.id, other.id])
    #expect(try list { $0.dangling = true }.isEmpty)
    #expect(try list { $0.references = ["app"] } == [mine.id])
    #expect(try store.resolve(other.id.hex).isOnlyVariant)
    #expect(try store.variants(of: store.resolve("app:1")).map(\.isHere) == [true, true, false])
  }

  @Test func aPlatformThatComesLaterJoins() throws {
    try arriving.adopt("app:1", index: [other, mine], here: [other])
    #expect(try store.resolve("app:1").id == other.id)
    try arriving.adopt("app:1", index: [other, mine], here: [mine])
    #expect(try store.resolve("app:1").id == mine.id)
    #expect(try list { $0.variants = true } == [mine.id, other.id])
  }

  @Test func whatIsKnownIsNotNew() throws {
    var arrival = Arrival()
    arrival.images = [try arriving.image(mine)]
    arrival.references = [try Reference("app:1")]
    #expect(try store.adopt(arrival).isNew)
    let before = try store.resolve("app:1").lastUse
    let again = try store.adopt(arrival)
    #expect(again.image == mine.id && !again.isNew)
    // But somebody has asked for it.
    store.writeNotes()
    #expect(try store.resolve("app:1").lastUse > before)
  }

  @Test func removingTheNameTakesAllPlatformsAlong() throws {
    try arriving.adopt("app:1", index: [other, mine], here: [other, mine])
    let removed = Set(try remove("app:1"))
    #expect(removed.isSuperset(of: [.untagged("app:1"), .deletedImage(mine.id), .deletedImage(other.id)]))
    #expect(scratch.files("root").isEmpty)
  }

  @Test func removingAPlatformByItsIDLeavesTheName() throws {
    try arriving.adopt("app:1", index: [other, mine], here: [other, mine])
    #expect(try remove(other.id.hex).first == .deletedImage(other.id))
    #expect(try store.resolve("app:1").id == mine.id)
    #expect(try list { $0.variants = true } == [mine.id])
    // The layer that both have is still there.
    #expect(text(store.layers.lowerDirectories(try store.resolve("app:1").diffIDs)[1] + "/shared") == "x")
  }

  @Test func aPlatformInUseStaysWhenTheNameGoes() throws {
    try arriving.adopt("app:1", index: [other, mine], here: [other, mine])
    let removed = try remove("app:1", used: [other.id])
    #expect(removed.contains(.deletedImage(mine.id)) && !removed.contains(.deletedImage(other.id)))
    #expect(try store.resolve(other.id.hex).isDangling)
    #expect(try remove(other.id.hex, force: true).first == .deletedImage(other.id))
    #expect(scratch.files("root").isEmpty)
  }

  @Test func anotherTagKeepsTheIndex() throws {
    try arriving.adopt("app:1", index: [other, mine], here: [other, mine])
    try store.tag("app:1", as: Reference("copy:1"))
    #expect(try remove("app:1").filter { $0 == .deletedImage(mine.id) }.isEmpty)
    #expect(try store.resolve("copy:1", platform: Platform(parsing: "linux/s390x")).id == other.id)
    _ = try remove("copy:1")
    #expect(scratch.files("root").isEmpty)
  }

  @Test func aTagThatMovesLeavesDanglingImages() throws {
    try arriving.adopt("app:1", index: [other, mine], here: [other, mine])
    let newer = TestImage(layers: [RawTar.make { $0.file("newer") }])
    try arriving.adopt("app:1", index: [newer], here: [newer])
    #expect(try store.resolve("app:1").id == newer.id)
    // The old ones are still known by the digest of their index.
    #expect(try store.resolve(mine.id.hex).tags.isEmpty)
    #expect(try list { $0.dangling = true }.contains(mine.id))
    _ = try store.prune(ImageFilter()) { _ in [] }
    #expect(try list { $0.variants = true } == [newer.id])
    #expect(try store.check().problems.isEmpty)
  }

  @Test func referrersLiveWithTheirSubject() throws {
    let index = try arriving.adopt("app:1", index: [mine], here: [mine]) { [try arriving.referrer(of: $0)] }
    let content = try store.content("app:1")
    #expect(content.root.digest == index && content.referrers.count == 1)
    // A signature of the signature.
    let signature = content.referrers[0].descriptor.digest
    try arriving.adopt("app:1", index: [mine], here: [mine]) { _ in [try arriving.referrer(of: signature, "countersigned")] }
    #expect(try store.check().problems.isEmpty)
    _ = try remove("app:1")
    #expect(scratch.files("root").isEmpty)
  }

  @Test func anIndexWithoutANameGoesWithItsBlob() throws {
    let index = try arriving.adopt("app:1", index: [mine], here: [mine])
    try store.tag(mine.id.hex, as: Reference("plain:1"))
    #expect(store.blobs.size(of: index) != nil)
    _ = try remove("app:1")
    #expect(store.blobs.size(of: index) == nil)
    #expect(try store.resolve("plain:1").id == mine.id)
    #expect(try store.check().problems.isEmpty)
  }
}
