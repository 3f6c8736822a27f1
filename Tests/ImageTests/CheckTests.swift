// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import ImageStore
import Layers
import OCISpec
import Testing

/// Why the store keeps what it keeps, and how a check finds and mends what is not as it should be.
@Suite struct CheckTests {
  let scratch: Scratch
  let store: ImageStore
  let image = TestImage(layers: [RawTar.make { $0.file("one") }, RawTar.make { $0.file("two", "22") }], tags: ["app:1"])
  private var arriving: Arriving { Arriving(store: store) }
  private var chains: [Digest] { LayerStore.chains(image.layers.map { SHA256.digest(of: $0) }) }

  init() throws {
    scratch = try Scratch()
    store = try scratch.store()
    _ = try store.load(from: scratch.file(image.legacy()))
  }

  private func check(mend: Bool = false, deep: Bool = true, running: Bool = false) throws -> StoreReport {
    var options = StoreCheckOptions()
    (options.mend, options.deep, options.isRunning) = (mend, deep, { _ in running })
    return try store.check(options)
  }

  private func write(_ bytes: String, _ path: String) throws { try Data(bytes.utf8).write(to: URL(fileURLWithPath: scratch(path))) }

  private func reasons(_ text: String) throws -> [String] { try store.why(text).reasons.map { "\($0.kind) \($0.name)" }.sorted() }

  // MARK: Why

  @Test func anImageIsKeptByItsNamesAndChildren() throws {
    let kept = try store.why("app:1")
    #expect(kept.object == image.id && kept.kind == .image && kept.size == 3)
    #expect(try reasons(image.id.short) == ["tag app:1"])
    _ = try store.remove("app:1", force: false) { _ in [ImageHolder(id: "c", running: true)] }
    #expect(try reasons(image.id.hex) == [])
  }

  @Test func anotherPlatformIsKeptByTheIndex() throws {
    let other = TestImage(layers: [RawTar.make { $0.file("other") }], architecture: "s390x")
    let mine = TestImage(layers: [RawTar.make { $0.file("mine") }])
    let index = try arriving.adopt("multi:1", index: [other, mine], here: [other, mine]) { [try arriving.referrer(of: $0)] }
    #expect(try reasons(other.id.hex) == ["index multi:1", "index multi@\(index)"])
    #expect(try reasons(mine.id.hex) == ["digest multi@\(index)", "tag multi:1"])
    #expect(try reasons(index.description) == ["index multi:1", "index multi@\(index)"])
    let signature = try store.content("multi:1").referrers[0]
    #expect(try reasons(signature.descriptor.digest.description) == ["referrer \(signature.descriptor.digest)"])
  }

  @Test func aLayerIsKeptByImagesAndContainers() throws {
    _ = try store.hold(image.id, by: "c1")
    let kept = try store.why(chains[1].hex)
    #expect(kept.kind == .layer && kept.size == 2 && kept.object == chains[1])
    #expect(try reasons(chains[1].short) == ["container c1", "image app:1"])
    #expect(try reasons(SHA256.digest(of: image.layers[1]).description) == ["container c1", "image app:1"])
  }

  @Test func aBlobIsKeptByImagesAndOperations() throws {
    let manifest = try SHA256.digest(of: image.legacyManifest(in: store))
    #expect(try store.why(manifest.description).kind == .blob && reasons(manifest.short) == ["image app:1"])
    let lone = try store.blobs.put(Array("lone".utf8))
    #expect(try reasons(lone.hex) == [])
    let claim = store.claim()
    claim.claim(blobs: [lone])
    #expect(try reasons(lone.hex) == ["operation is under way"])
    let cut = SHA256.digest(of: "cut")
    do { _ = try store.blobs.partial(cut, size: 3) }
    #expect(try reasons(cut.hex) == ["download was cut: the next pull goes on with it"])
    try claim.release()
    expectRefusal("No such object: \(lone.hex)") { _ = try store.why(lone.hex) }
  }

  @Test func aBeginningOfSeveralIsRefused() throws {
    // Sixteen more blobs: two begin with the same digit.
    for number in 0..<17 { try store.blobs.put(Array("blob \(number)".utf8)) }
    let digits = try store.blobs.all().map { $0.hex.prefix(1) }
    let twice = try #require(Dictionary(grouping: digits) { $0 }.first { $0.value.count > 1 }?.key)
    expectRefusal("is the beginning of") { _ = try store.why(String(twice)) }
  }

  // MARK: Check

  @Test func aWholeStoreHasNoProblems() throws {
    let report = try check()
    #expect(report.problems.isEmpty && report.images == 1 && report.layers == 2 && report.blobs == 4)
    #expect(report.bytes == (try store.usage().content) + 3)
  }

  @Test func whatBelongsToNothingIsFoundAndRemoved() throws {
    let lone = try store.blobs.put(Array("lone".utf8))
    _ = try store.layers.unpack(
      SHA256.digest(of: RawTar.make { $0.file("x", "xyz") }), diffID: SHA256.digest(of: RawTar.make { $0.file("x", "xyz") }), above: nil
    ) {
      PrefixedSource(RawTar.make { $0.file("x", "xyz") })
    }
    try FileManager.default.createDirectory(atPath: scratch("root/layers/.new-left"), withIntermediateDirectories: false)
    for path in ["root/content/blobs/sha256/name", "root/content/ingest/left", "root/content/partial/half.map", "root/content/x", "root/layers/y"] {
      try write("12345", path)
    }
    let found = try check().problems
    #expect(found.count == 8 && found.allSatisfy { !$0.mended && $0.fix == "check with mend" })
    #expect(found.contains { $0.object == "blob \(lone)" && $0.bytes == 4 } && found.contains { $0.object == "content/ingest/left" && $0.bytes == 5 })
    let mended = try check(mend: true).problems
    #expect(mended.count == 8 && mended.allSatisfy(\.mended))
    #expect(try check().problems.isEmpty && reasons("app:1") == ["tag app:1"])
  }

  @Test func whatIsUnderWayIsLeftAlone() throws {
    let claim = store.claim()
    let blob = Array("coming".utf8)
    let layer = RawTar.make { $0.file("x", "coming") }
    claim.claim(blobs: [SHA256.digest(of: blob)], chains: [SHA256.digest(of: layer)])
    try store.blobs.put(blob)
    _ = try store.layers.unpack(SHA256.digest(of: layer), diffID: SHA256.digest(of: layer), above: nil) { PrefixedSource(layer) }
    let ingest = try store.blobs.ingest()
    _ = try ingest.receive(Array("more".utf8))
    let partial = try store.blobs.partial(SHA256.digest(of: "partial"), size: 7)
    #expect(try check(mend: true).problems.isEmpty)
    #expect(scratch.files("root").count { $0.hasPrefix("content/partial") } == 2 && store.blobs.size(of: SHA256.digest(of: blob)) == 6)
    withExtendedLifetime((ingest, partial)) {}
    try claim.release()
    #expect(store.blobs.size(of: SHA256.digest(of: blob)) == nil)
  }

  @Test func aCutDownloadIsKeptForADay() throws {
    let digest = SHA256.digest(of: "cut")
    do { _ = try store.blobs.partial(digest, size: 3) }
    #expect(try check().problems.isEmpty)
    try scratch.run("touch", "-d", "25 hours ago", scratch("root/content/partial/\(digest.hex)"))
    #expect(try check().problems.map(\.problem) == ["its download was cut more than a day ago"])
    #expect(try store.sweep().map(\.mended) == [true])
    #expect(try store.blobs.downloads().isEmpty)
  }

  @Test func aDamagedBlobIsNamedWithItsImageAndTheFix() throws {
    let layer = SHA256.digest(of: image.layers[0])
    var bytes = image.layers[0]
    bytes[520] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: store.blobs.path(of: layer)))
    #expect(try check(deep: false).problems.isEmpty)
    let problem = try #require(try check().problems.first)
    #expect(problem.object == "blob \(layer)" && problem.problem.hasPrefix("is damaged"))
    #expect(problem.fix == "check with mend to take it away, then load or make app:1 again")
    // It is taken away: otherwise it would be taken for right the next time.
    #expect(try check(mend: true).problems.map(\.mended) == [false])
    let missing = try #require(try check().problems.first)
    #expect(missing.problem == "is missing" && missing.fix == "load or make app:1 again")
    _ = try store.load(from: scratch.file(image.legacy()))
    #expect(try check().problems.isEmpty)
  }

  @Test func aLostConfigurationIsWrittenAgain() throws {
    unlink(store.blobs.path(of: image.id))
    #expect(try check().problems.map(\.fix) == ["check with mend"])
    #expect(try check(mend: true).problems.map(\.mended) == [true])
    #expect(try check().problems.isEmpty && store.blobs.read(image.id) == Array(image.config.utf8))
  }

  @Test(arguments: ["rm -r ../layers/LAYER", "rm ../layers/LAYER/layer", "echo more >> ../layers/LAYER/fs/two", "rm ../layers/LAYER/fs/two"])
  func aDamagedLayerIsUnpackedAnew(damage: String) throws {
    try scratch.run("sh", "-ec", "cd root/content; " + damage.replacingOccurrences(of: "LAYER", with: chains[1].hex))
    #expect(try check().problems.map(\.object) == ["layer \(chains[1])"])
    // Not under a container that runs.
    _ = try store.hold(image.id, by: "c1/layer2")
    #expect(try check(mend: true, running: true).problems.map(\.fix) == ["stop the container c1, which runs on it, then check with mend"])
    #expect(try check(mend: true).problems.map(\.mended) == [true])
    #expect(try check().problems.isEmpty && text(store.layers.path(of: chains[1]) + "/two") == "22")
  }

  @Test func aLayerWithoutItsBlobCannotBeMended() throws {
    try scratch.run("rm", "-r", store.layers.path(of: chains[1]))
    try store.blobs.remove(SHA256.digest(of: image.layers[1]))
    let problems = try check(mend: true).problems
    #expect(problems.map(\.mended) == [false, false])
    #expect(problems[1].fix == "load or make app:1 again, then check with mend")
  }

  @Test func aContainersLayersAreNotGarbage() throws {
    _ = try store.hold(image.id, by: "c1")
    _ = try store.remove("app:1", force: true) { _ in [] }
    #expect(try check(mend: true).problems.isEmpty)
    #expect(try reasons(chains[0].hex) == ["container c1"])
  }
}

extension TestImage {
  /// The manifest that the store has written for an archive without one.
  fileprivate func legacyManifest(in store: ImageStore) throws -> [UInt8] { try store.blobs.read(store.resolve(id.hex).manifest.digest) }
}
