// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import ImageStore
import OCISpec
import Testing

@Suite struct SaveTests {
  let scratch: Scratch
  let store: ImageStore
  let first = TestImage(layers: [RawTar.make { $0.file("one") }], tags: ["app:1", "app:2"])
  let second = TestImage(layers: [RawTar.make { $0.file("two") }, RawTar.make { $0.file("three") }], tags: [])

  init() throws {
    scratch = try Scratch()
    store = try scratch.store()
    for image in [first, second] { _ = try store.load(from: scratch.file(image.legacy())) }
  }

  private func save(_ names: [String]) throws -> [UInt8] {
    let file = open(scratch("saved.tar"), O_RDWR | O_CREAT | O_TRUNC, 0o600)
    defer { close(file) }
    try store.save(names, to: file)
    return try #require(read(scratch("saved.tar")))
  }

  private func load(_ archive: [UInt8], _ name: String) throws -> ImageStore {
    let other = try scratch.store(name)
    _ = try other.load(from: scratch.file(archive))
    return other
  }

  @Test func whatIsSavedLoadsWithTheSameDigests() throws {
    let other = try load(save(["app:1", second.id.description]), "other")
    for id in [first.id, second.id] {
      let (mine, theirs) = (try store.resolve(id.description), try other.resolve(id.description))
      #expect(mine.manifest == theirs.manifest && mine.rawConfig == theirs.rawConfig)
    }
    #expect(try other.resolve(first.id.description).tags.map(\.familiar) == ["app:1"])
    #expect(Set(try other.blobs.all()) == Set(try store.blobs.all()))
  }

  @Test func aRepositorysNameSavesAllItsTags() throws {
    let other = try load(save(["app"]), "other")
    #expect(try other.list().map { $0.tags.map(\.familiar) } == [["app:1", "app:2"]])
  }

  @Test func theSameImageGivesTheSameBytes() throws {
    #expect(try save(["app:1"]) == save(["app:1"]))
  }

  @Test func aDockerArchiveReaderFindsEverything() throws {
    let names = try entries(save(["app:2"])).map { String(decoding: $0.entry.path, as: UTF8.self) }
    #expect(names.suffix(4) == ["index.json", "manifest.json", "oci-layout", "repositories"])
    let manifest = try #require(try entries(save(["app:2"])).first { $0.entry.path == Array("manifest.json".utf8) })
    #expect(
      String(decoding: manifest.data, as: UTF8.self)
        == #"[{"Config":"blobs/sha256/\#(first.id.hex)","Layers":["blobs/sha256/\#(SHA256.digest(of: first.layers[0]).hex)"],"RepoTags":["app:2"]}]"#)
  }

  @Test func anUnknownNameIsNotFound() throws {
    expectRefusal("No such image: nothing:latest") { _ = try save(["nothing"]) }
  }

  @Test(.enabled(if: tool("skopeo"))) func skopeoAndHullReadEachOther() throws {
    _ = try save(["app:1"])
    for form in ["docker-archive", "oci-archive"] {
      let config = try scratch.run("skopeo", "inspect", "--config", "--raw", "\(form):saved.tar")
      #expect(SHA256.digest(of: config) == first.id)
    }
    try scratch.run("skopeo", "copy", "-q", "oci-archive:saved.tar", "oci-archive:copied.tar:app:1")
    let other = try load(#require(read(scratch("copied.tar"))), "other")
    #expect(try other.resolve("app:1").id == first.id)
  }

  @Test(.enabled(if: tool("umoci"))) func umociUnpacksWhatHullSaves() throws {
    _ = try save(["app:1"])
    try scratch.run("sh", "-c", "mkdir layout && tar -C layout -xf saved.tar && umoci unpack --image layout:1 bundle")
    #expect(text(scratch("bundle/rootfs/one")) == "x")
  }
}

/// Whether a program is installed.
func tool(_ name: String) -> Bool {
  ["/usr/bin", "/usr/local/bin", "/usr/sbin"].contains { access("\($0)/\(name)", X_OK) == 0 }
}
