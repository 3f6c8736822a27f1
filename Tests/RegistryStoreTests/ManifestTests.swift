// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec
import RegistryStore
import Testing

struct ManifestTests {
  let test: TestStore
  let name: RepositoryName

  init() throws {
    test = try TestStore()
    name = try RepositoryName("team/app")
  }

  @Test func aManifestIsFoundByTagAndByDigest() throws {
    let digest = try test.image("x", in: "team/app", tag: "v1")
    #expect(try test.store.manifest(.tag("v1"), in: name).digest == digest)
    #expect(try test.store.manifest(.digest(digest), in: name).content.layers?.count == 1)
    #expect(test.store.catalog.all == [name])
    expect(.manifestUnknown) { _ = try test.store.manifest(.tag("v2"), in: name) }
  }

  @Test func aManifestWhoseBlobsAreMissingIsRefusedAndSaysWhich() throws {
    let layer = SHA256.digest(of: "layer")
    let config = try test.push([UInt8]("{}".utf8), to: "team/app")
    let text = """
      {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","config":{"mediaType":"x","digest":"\(config)","size":2},\
      "layers":[{"mediaType":"x","digest":"\(layer)","size":5}]}
      """
    do {
      _ = try test.put(text, "v1", in: "team/app")
      Issue.record("it was accepted")
    } catch let error as HullError {
      #expect(error.code == .manifestBlobUnknown)
      #expect((error.cause as? MissingContents)?.digests == [layer])
    }
    #expect(test.store.catalog.all.isEmpty)
  }

  @Test(arguments: [
    "", "[]", "{", "{\"schemaVersion\":1}", "{\"schemaVersion\":2}", "{\"schemaVersion\":2,\"config\":null}",
    "{\"schemaVersion\":2,\"mediaType\":\"text/plain\",\"manifests\":[]}",
    "{\"schemaVersion\":2,\"mediaType\":\"\(MediaType.ociManifest)\",\"manifests\":[]}",
    "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
    "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:../../x\",\"size\":1}]}",
    "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:\(String(repeating: "a", count: 64))\",\"size\":-1}]}",
  ])
  func whatIsNoManifestIsRefused(_ text: String) {
    expect(.manifestInvalid) { _ = try test.put(text, "v1", in: "team/app") }
  }

  @Test func aContentTypeThatIsNotTheManifestsIsRefused() throws {
    let bytes = [UInt8]("{\"schemaVersion\":2,\"mediaType\":\"\(MediaType.ociIndex)\",\"manifests\":[]}".utf8)
    expect(.manifestInvalid) { try test.store.putManifest(bytes, declared: MediaType.ociManifest, as: .tag("v1"), in: name) }
    expect(.digestInvalid) { try test.store.putManifest(bytes, declared: nil, as: .digest(SHA256.digest(of: "x")), in: name) }
    expect(.tooLarge) { try test.store.putManifest([UInt8](repeating: 32, count: 5 << 20), declared: nil, as: .tag("v1"), in: name) }
  }

  @Test func layersThatLieElsewhereAreNotAskedFor() throws {
    let config = try test.push([UInt8]("{}".utf8), to: "team/app")
    let text = """
      {"schemaVersion":2,"mediaType":"\(MediaType.dockerManifest)","config":{"mediaType":"\(MediaType.dockerConfig)","digest":"\(config)","size":2},\
      "layers":[{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"\(SHA256.digest(of: "f"))","size":5,"urls":["http://x"]}]}
      """
    _ = try test.put(text, "v1", in: "team/app")
  }

  @Test func deletingAManifestTakesItsTagsAndRepository() throws {
    let digest = try test.image("x", in: "team/app", tag: "v1")
    try test.image("x", in: "team/app", tag: "v2")
    try test.store.deleteTag("v2", in: name)
    #expect(try test.store.tags(in: name).tags == ["v1"])
    try test.store.deleteManifest(digest, in: name)
    expect(.manifestUnknown) { _ = try test.store.manifest(.tag("v1"), in: name) }
    expect(.nameUnknown) { _ = try test.store.tags(in: name) }
  }

  @Test func aManifestThatAnIndexNeedsIsNotDeleted() throws {
    let image = try test.image("x", in: "team/app")
    let index = try test.index(of: [image], in: "team/app", tag: "v1")
    expect(.unsupportedHere) { try test.store.deleteManifest(image, in: name) }
    try test.store.deleteManifest(index, in: name)
    try test.store.deleteManifest(image, in: name)
  }

  @Test func referrersAreListedAndFiltered() throws {
    let image = try test.image("x", in: "team/app", tag: "v1")
    let signature = try test.image("signature", in: "team/app", subject: image)
    let (all, _) = try test.store.referrers(of: image, in: name)
    #expect(all.map(\.digest) == [signature])
    #expect(all.first?.artifactType == MediaType.ociConfig)
    #expect(try test.store.referrers(of: image, in: name, artifactType: "other").descriptors.isEmpty)
    try test.store.deleteManifest(signature, in: name)
    #expect(try test.store.referrers(of: image, in: name).descriptors.isEmpty)
  }

  @Test func tagsComeInPages() throws {
    for tag in ["c", "a", "b", "A"] { try test.image("x", in: "team/app", tag: tag) }
    #expect(try test.store.tags(in: name).tags == ["A", "a", "b", "c"])
    let page = try test.store.tags(in: name, after: "A", limit: 2)
    #expect(page.tags == ["a", "b"] && page.more)
  }

  @Test func generationsTellThatSomethingChanged() throws {
    try test.image("x", in: "team/app", tag: "v1")
    let before = test.store.generation(of: name)
    try test.image("y", in: "team/app", tag: "v1")
    #expect(test.store.generation(of: name) != before)
  }

  @Test func anImmutableTagStays() throws {
    var rules = RegistryStore.Rules()
    rules.immutable = { _, tag in tag != "latest" }
    let test = try TestStore(rules)
    try test.image("x", in: "a", tag: "v1")
    try test.image("x", in: "a", tag: "v1")
    expect(.denied) { try test.image("y", in: "a", tag: "v1") }
    expect(.denied) { try test.store.deleteTag("v1", in: RepositoryName("a")) }
    try test.image("x", in: "a", tag: "latest")
    try test.image("y", in: "a", tag: "latest")
  }

  @Test func theCatalogIsFoundAgainAtTheStart() throws {
    try test.image("x", in: "team/app", tag: "v1")
    try test.image("x", in: "team", tag: "v1")
    #expect(try test.afterCrash().store.catalog.all.map(\.description) == ["team", "team/app"])
  }
}
