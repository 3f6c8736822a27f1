// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import ImageStore
import Layers
import OCISpec
import Testing

/// Names, removal and holding: `docker tag`, `rmi`, `image prune`, and what a container keeps.
@Suite struct NameTests {
  let scratch: Scratch
  let store: ImageStore
  let image = TestImage(layers: [RawTar.make { $0.file("one") }], tags: ["app:1"])
  let container = ImageHolder(id: "0123456789abcdef0123456789abcdef", running: false)

  init() throws {
    scratch = try Scratch()
    store = try scratch.store()
    _ = try store.load(from: scratch.file(image.legacy()))
  }

  private func remove(_ name: String, force: Bool = false, holders: [ImageHolder] = []) throws -> [Removal] {
    try store.remove(name, force: force) { _ in holders }
  }

  @Test func animageIsFoundByEveryNameItHas() throws {
    let id = image.id
    for name in ["app:1", "docker.io/library/app:1", id.description, id.hex, id.short, "sha256:" + id.short, String(id.hex.prefix(3))] {
      #expect(try store.resolve(name).id == id)
    }
    for (name, shown) in [("app", "app:latest"), ("nope:2", "nope:2"), ("ffffffffffff", "ffffffffffff:latest"), ("x/y", "x/y:latest")] {
      expectRefusal("No such image: \(shown)") { _ = try store.resolve(name) }
    }
    expectRefusal("invalid reference format") { _ = try store.resolve("a b") }
  }

  @Test func aTagMoves() throws {
    try store.tag("app:1", as: Reference("other"))
    #expect(try store.resolve("other:latest").tags.map(\.familiar) == ["app:1", "other:latest"])
    let second = TestImage(layers: [RawTar.make { $0.file("two") }], tags: ["b:1"])
    _ = try store.load(from: scratch.file(second.legacy()))
    try store.tag("b:1", as: Reference("other"))
    #expect(try store.resolve("other").id == second.id)
    expectRefusal("digest reference") { try store.tag("b:1", as: Reference("x@\(image.id)")) }
    expectRefusal("ambiguous tag") { try store.tag("b:1", as: Reference("sha256:abc")) }
  }

  @Test func theLastNameTakesTheImageAlong() throws {
    try store.tag("app:1", as: Reference("app:2"))
    #expect(try remove("app:2") == [.untagged("app:2")])
    let chain = LayerStore.chains(try store.resolve("app:1").diffIDs)[0]
    #expect(try remove("app:1") == [.untagged("app:1"), .deletedImage(image.id), .deletedLayer(chain)])
    #expect(scratch.files("root").isEmpty)
  }

  @Test func removalByIDNeedsForceWhenThereAreSeveralNames() throws {
    try store.tag("app:1", as: Reference("other:1"))
    expectRefusal("conflict: unable to delete \(image.id.short) (must be forced) - image is referenced in multiple repositories") {
      _ = try remove(image.id.short)
    }
    let removed = try remove(image.id.short, force: true)
    #expect(removed.prefix(3) == [.untagged("app:1"), .untagged("other:1"), .deletedImage(image.id)])
  }

  @Test func removalByIDTakesTheOnlyName() throws {
    #expect(try remove(image.id.description).prefix(2) == [.untagged("app:1"), .deletedImage(image.id)])
  }

  @Test func aStoppedContainerKeepsItsImageUnlessForced() throws {
    expectRefusal(
      "conflict: unable to remove repository reference \"app:1\" (must force) - container 0123456789ab is using its referenced image \(image.id.short)"
    ) { _ = try remove("app:1", holders: [container]) }
    expectRefusal(
      "conflict: unable to delete \(image.id.short) (must be forced) - image is being used by stopped container 0123456789ab"
    ) { _ = try remove(image.id.short, holders: [container]) }
    #expect(try remove("app:1", force: true, holders: [container]).prefix(2) == [.untagged("app:1"), .deletedImage(image.id)])
  }

  @Test func aRunningContainerAlwaysKeepsItsImage() throws {
    let running = ImageHolder(id: container.id, running: true)
    expectRefusal(
      "conflict: unable to delete \(image.id.short) (cannot be forced) - image is being used by running container 0123456789ab"
    ) { _ = try remove(image.id.short, force: true, holders: [running]) }
    #expect(try remove("app:1", force: true, holders: [running]) == [.untagged("app:1")])
    #expect(try store.resolve(image.id.description).isDangling)
  }

  @Test func aContainerKeepsItsLayersWhenTheImageGoes() throws {
    let lower = try store.hold(image.id, by: "c1")
    let removed = try remove("app:1", force: true, holders: [container])
    #expect(removed == [.untagged("app:1"), .deletedImage(image.id)])
    #expect(text(lower[0] + "/one") == "x")
    #expect(try store.layersHeld(by: "c1") == lower)
    #expect(try store.layerHolders() == ["c1"])
    try store.release("c1")
    #expect(scratch.files("root").isEmpty)
    expectRefusal("No such image") { _ = try store.hold(image.id, by: "c2") }
  }

  @Test func pruningTakesOnlyWhatHasNoNameAndNoUser() throws {
    let second = TestImage(layers: [RawTar.make { $0.file("two", "22") }], tags: [])
    let third = TestImage(layers: [RawTar.make { $0.file("three", "333") }], tags: [])
    for image in [second, third] { _ = try store.load(from: scratch.file(image.legacy())) }
    let before = try store.usage().total
    let (removals, reclaimed) = try store.prune(ImageFilter()) { [container] in $0 == third.id ? [container] : [] }
    #expect(removals.first == .deletedImage(second.id) && reclaimed > 2)
    #expect(try store.usage().total == before - reclaimed)
    #expect(try Set(store.list().map(\.id)) == [image.id, third.id])
    var all = ImageFilter()
    all.dangling = false
    let everything = try store.prune(all) { _ in [] }
    #expect(everything.reclaimed == before - reclaimed)
    #expect(scratch.files("root").isEmpty)
  }

  @Test func listsAreFiltered() throws {
    let second = TestImage(layers: [RawTar.make { $0.file("two") }], tags: [])
    _ = try store.load(from: scratch.file(second.legacy()))
    func ids(_ change: (inout ImageFilter) -> Void) throws -> Set<Digest> {
      var filter = ImageFilter()
      change(&filter)
      return Set(try store.list(filter).map(\.id))
    }
    #expect(try ids { $0.dangling = true } == [second.id])
    #expect(try ids { $0.dangling = false } == [image.id])
    #expect(try ids { $0.references = ["app"] } == [image.id])
    #expect(try ids { $0.references = ["a*:1"] } == [image.id])
    #expect(try ids { $0.references = ["nothing"] } == [])
    #expect(try ids { $0.labels = ["a"] } == [image.id, second.id])
    #expect(try ids { $0.labels = ["a=c"] } == [])
    #expect(try ids { $0.notLabels = ["a=b"] } == [])
    #expect(try ids { $0.before = ["app:1"] } == [])
    #expect(try ids { $0.until = 0 } == [])
    #expect(try ids { $0.until = .max } == [image.id, second.id])
    expectRefusal("No such image") { _ = try ids { $0.since = ["nope"] } }
  }

  @Test func timesBoundListsOnBothSides() throws {
    for (tag, second) in [("t:1", 1), ("t:2", 2), ("t:3", 3)] {
      let timed = TestImage(layers: [RawTar.make { $0.file(tag) }], tags: [tag], created: "2025-01-01T00:00:0\(second)Z")
      _ = try store.load(from: scratch.file(timed.legacy()))
    }
    func tags(_ change: (inout ImageFilter) -> Void) throws -> [String] {
      var filter = ImageFilter()
      change(&filter)
      return try store.list(filter).flatMap(\.tags).map(\.familiar)
    }
    // Newest first; the image that bounds is left out, and of several bounds the narrowest counts.
    #expect(try tags { $0.before = ["t:3"] } == ["t:2", "t:1"])
    #expect(try tags { $0.since = ["t:1"] } == ["app:1", "t:3", "t:2"])
    #expect(try tags { ($0.since, $0.before) = (["t:1"], ["t:3"]) } == ["t:2"])
    #expect(try tags { $0.before = ["t:3", "t:2"] } == ["t:1"])
    #expect(try tags { $0.until = 1_735_689_602_000_000_000 } == ["t:1"])
    #expect(try tags { $0.references = ["t:[12]", "app"] } == ["app:1", "t:2", "t:1"])
    #expect(try tags { ($0.labels, $0.references) = (["a=b"], ["t"]) } == ["t:3", "t:2", "t:1"])
  }

  @Test func anImageThatOthersWereMadeFromIsNotDangling() throws {
    try FileManager.default.createDirectory(atPath: scratch("upper"), withIntermediateDirectories: true)
    try Data("new".utf8).write(to: URL(fileURLWithPath: scratch("upper/new")))
    let child = try store.commit(CommitRequest(parent: image.id, upper: scratch("upper"), config: ProcessConfig()))
    _ = try remove("app:1")
    func ids(_ change: (inout ImageFilter) -> Void) throws -> Set<Digest> {
      var filter = ImageFilter()
      change(&filter)
      return Set(try store.list(filter).map(\.id))
    }
    // The parent has no name any more, but it is only shown with --all.
    #expect(try ids { _ in } == [child])
    #expect(try ids { $0.all = true } == [child, image.id])
    #expect(try ids { ($0.all, $0.dangling) = (true, true) } == [child])
    #expect(try ids { ($0.all, $0.dangling) = (true, false) } == [])
    #expect(try store.why(image.id.hex).reasons.map(\.kind) == [.child])
    // With the child the parent goes too.
    _ = try store.prune(ImageFilter()) { _ in [] }
    #expect(scratch.files("root").isEmpty)
  }
}
