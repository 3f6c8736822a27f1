// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import ImageStore
import OCISpec
import Testing

/// An image for two platforms, with what BuildKit puts beside one and a signature of the other.
@Suite struct IndexTests {
  private let scratch: Scratch
  private let mine = TestImage(layers: [RawTar.make { $0.file("mine") }], tags: [])
  private var other = TestImage(layers: [RawTar.make { $0.file("other") }], tags: [])
  private let inner: String
  private let attestation: String
  private let signature: String
  private static let manifestType = "application/vnd.oci.image.manifest.v1+json"

  init() throws {
    scratch = try Scratch()
    other.config = other.config.replacing(Platform.host.architecture, with: "riscv64")
    let statement = "{\"statement\":1}"
    attestation = IndexTests.artifact(statement, subject: nil)
    signature = IndexTests.artifact(statement, subject: mine.descriptor())
    let about = #","annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"\#(SHA256.digest(of: mine.manifest))"}"#
    inner = TestImage.index([
      other.descriptor(platform: #"{"os":"linux","architecture":"riscv64"}"#),
      mine.descriptor(platform: #"{"os":"linux","architecture":"\#(Platform.host.architecture)"}"#),
      TestImage.descriptor(attestation, IndexTests.manifestType, about),
    ])
  }

  private static func artifact(_ layer: String, subject: String?) -> String {
    let config = TestImage.descriptor("{}", "application/vnd.example.thing")
    return #"{"schemaVersion":2,"mediaType":"\#(manifestType)","config":\#(config),"layers":[\#(TestImage.descriptor(layer, "application/json"))]"#
      + (subject.map { #","subject":\#($0)"# } ?? "") + "}"
  }

  private func archive() -> [UInt8] {
    let named = #","annotations":{"io.containerd.image.name":"docker.io/library/m:1"}"#
    let outer = TestImage.index([
      TestImage.descriptor(inner, "application/vnd.oci.image.index.v1+json", named), TestImage.descriptor(signature, IndexTests.manifestType),
    ])
    return RawTar.make { tar in
      tar.file("index.json", outer)
      for text in [inner, attestation, signature, "{}", "{\"statement\":1}"] { TestImage.add(text, to: &tar) }
      mine.addBlobs(to: &tar)
      other.addBlobs(to: &tar)
    }
  }

  private func loaded(_ name: String = "root") throws -> ImageStore {
    let store = try scratch.store(name)
    #expect(try store.load(from: scratch.file(archive())).map(\.message) == ["Loaded image: m:1"])
    return store
  }

  private func save(_ store: ImageStore, _ name: String, platform: Platform? = nil) throws -> [UInt8] {
    let file = open(scratch("saved.tar"), O_RDWR | O_CREAT | O_TRUNC, 0o600)
    defer { close(file) }
    try store.save([name], platform: platform, to: file)
    return try #require(read(scratch("saved.tar")))
  }

  private let foreign = Platform(os: "linux", architecture: "riscv64")

  @Test func eachPlatformHasItsImage() throws {
    let store = try loaded()
    #expect(try store.resolve("m:1").id == mine.id)
    #expect(try store.resolve("m:1", platform: foreign).id == other.id)
    expectRefusal("does not match the specified platform: wanted linux/s390x") {
      _ = try store.resolve("m:1", platform: Platform(os: "linux", architecture: "s390x"))
    }
    #expect(try store.list().map(\.id) == [mine.id])
    #expect(try store.resolve(other.id.description).tags.map(\.familiar) == ["m:1"])
  }

  @Test func theTreeShowsEveryManifest() throws {
    let store = try loaded()
    let variants = try store.variants(of: store.resolve("m:1"))
    #expect(variants.map(\.image) == [other.id, mine.id, nil])
    #expect(variants.map(\.isHere) == [true, true, true])
    #expect(variants[2].kind == .attestation(SHA256.digest(of: mine.manifest)))
  }

  @Test func savingKeepsEveryByteOfIt() throws {
    let store = try loaded()
    let again = try scratch.store("again")
    _ = try again.load(from: scratch.file(save(store, "m:1")))
    #expect(Set(try again.blobs.all()) == Set(try store.blobs.all()))
    #expect(try again.content("m:1").root.digest == SHA256.digest(of: inner))
    #expect(try again.content("m:1").referrers.map(\.descriptor.digest) == [SHA256.digest(of: signature)])
    #expect(try save(again, "m:1") == save(store, "m:1"))
  }

  @Test func onePlatformCanBeSavedAndLoaded() throws {
    let store = try loaded()
    let again = try scratch.store("again")
    _ = try again.load(from: scratch.file(save(store, "m:1", platform: foreign)))
    #expect(try again.list().map(\.id) == [other.id])
    let chosen = try scratch.store("chosen")
    _ = try chosen.load(from: scratch.file(archive()), platform: foreign)
    #expect(try chosen.resolve("m:1").id == other.id)
    #expect(try chosen.content("m:1").missing.map(\.digest) == [SHA256.digest(of: mine.manifest)])
  }

  @Test func aNameTakesAllOfItsImagesAlong() throws {
    let store = try loaded()
    let removals = try store.remove("m:1", force: false) { _ in [] }
    #expect(removals.first == .untagged("m:1"))
    #expect(Set(removals.compactMap { if case .deletedImage(let id) = $0 { id } else { nil } }) == [mine.id, other.id])
    #expect(scratch.files("root").isEmpty)
  }

  @Test func oneVariantCanGoAlone() throws {
    let store = try loaded()
    let removals = try store.remove(other.id.description, force: false) { _ in [] }
    #expect(removals.first == .deletedImage(other.id))
    #expect(try store.resolve("m:1").id == mine.id)
    #expect(try store.content("m:1").missing.map(\.digest) == [SHA256.digest(of: other.manifest)])
  }

  @Test func aNewTagStandsForAllPlatforms() throws {
    let store = try loaded()
    _ = try store.tag("m:1", as: try Reference("n:2"))
    _ = try store.remove("m:1", force: false) { _ in [] }
    #expect(try store.resolve("n:2", platform: foreign).id == other.id)
    #expect(try store.content("n:2").root.digest == SHA256.digest(of: inner))
  }

  @Test func anArtifactIsKeptThoughItCannotRun() throws {
    let thing = IndexTests.artifact("content", subject: nil)
    let named = #","annotations":{"io.containerd.image.name":"docker.io/library/thing:1"}"#
    let archive = RawTar.make { tar in
      tar.file("index.json", TestImage.index([TestImage.descriptor(thing, IndexTests.manifestType, named)]))
      for text in [thing, "{}", "content"] { TestImage.add(text, to: &tar) }
    }
    let store = try scratch.store()
    _ = try store.load(from: scratch.file(archive))
    let record = try store.resolve("thing:1")
    #expect(record.artifactType == "application/vnd.example.thing" && record.id == SHA256.digest(of: thing))
    #expect(record.size == Int64(thing.utf8.count + 2 + 7))
    #expect(try store.content("thing:1").documents.map(\.descriptor.digest) == [record.id])
    _ = try store.remove("thing:1", force: false) { _ in [] }
    #expect(scratch.files("root").isEmpty)
  }
}
