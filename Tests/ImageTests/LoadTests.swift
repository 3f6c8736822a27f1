// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import ImageStore
import OCISpec
import Testing

@Suite struct LoadTests {
  let scratch: Scratch
  let layer = RawTar.make { $0.file("hello", "world") }

  init() throws { scratch = try Scratch() }

  private func load(_ archive: [UInt8], into store: ImageStore) throws -> [String] {
    try store.load(from: scratch.file(archive)).map(\.message)
  }

  /// Refused with these words, and nothing is left.
  private func expectRefused(_ archive: [UInt8], _ words: String..., sourceLocation: SourceLocation = #_sourceLocation) throws {
    let store = try scratch.store("hostile")
    for word in words { expectRefusal(word, sourceLocation: sourceLocation) { _ = try load(archive, into: store) } }
    #expect(scratch.files("hostile").isEmpty, sourceLocation: sourceLocation)
    #expect(try store.list().isEmpty, sourceLocation: sourceLocation)
    #expect(try store.layersSize() == 0, sourceLocation: sourceLocation)
  }

  @Test func bothKindsOfArchiveGiveTheSameImage() throws {
    let image = TestImage(layers: [layer])
    let store = try scratch.store()
    #expect(try load(image.legacy(), into: store) == ["Loaded image: test/image:1"])
    #expect(try load(image.layout(), into: store) == ["Loaded image: test/image:1"])
    let record = try store.resolve("test/image:1")
    #expect(record.id == image.id && record.size == 5 && record.labels == ["a": "b"] && record.config.config.command == ["sh"])
    #expect(text(store.layers.lowerDirectories(record.diffIDs)[0] + "/hello") == "world")
    #expect(try store.list().count == 1)
  }

  @Test func anUntaggedImageIsLoadedByItsID() throws {
    let image = TestImage(layers: [layer], tags: [])
    #expect(try load(image.legacy(), into: scratch.store("a")) == ["Loaded image ID: \(image.id)"])
    #expect(try load(image.layout(), into: scratch.store("b")) == ["Loaded image ID: \(image.id)"])
  }

  @Test(arguments: ["gzip", "zstd -q"])
  func archivesAndLayersMayBeCompressed(program: String) throws {
    var image = TestImage(layers: [layer])
    try Data(layer).write(to: URL(fileURLWithPath: scratch("layer")))
    try scratch.run("sh", "-c", "\(program) -c layer > layer.z")
    image.layers = [try #require(read(scratch("layer.z")))]
    try Data(image.legacy()).write(to: URL(fileURLWithPath: scratch("archive")))
    try scratch.run("sh", "-c", "\(program) -c archive > archive.z")
    let store = try scratch.store()
    #expect(try load(#require(read(scratch("archive.z"))), into: store) == ["Loaded image: test/image:1"])
    let blob = try store.blobs.read(SHA256.digest(of: image.layers[0]))
    #expect(blob == image.layers[0])
  }

  @Test func layersThatAreLinksInTheArchiveAreFound() throws {
    let image = TestImage(layers: [layer, layer, layer])
    let archive = RawTar.make { tar in
      tar.add("aa/layer.tar", data: layer)
      tar.symlink("bb/layer.tar", "../aa/layer.tar")
      tar.hardLink("cc/layer.tar", "bb/layer.tar")
      tar.file("\(image.id.hex).json", image.config)
      tar.file("manifest.json", image.manifestJSON(layers: ["aa/layer.tar", "bb/layer.tar", "./cc/layer.tar"]))
    }
    #expect(try load(archive, into: scratch.store()) == ["Loaded image: test/image:1"])
  }

  @Test func anIndexGivesTheImageForThisMachine() throws {
    let mine = TestImage(layers: [layer])
    let other = TestImage(layers: [RawTar.make { $0.file("other") }])
    let host = Platform.host
    let inner = TestImage.index([
      other.descriptor(platform: #"{"os":"linux","architecture":"s390y"}"#),
      mine.descriptor(platform: #"{"os":"\#(host.os)","architecture":"\#(host.architecture)"}"#),
      TestImage.descriptor(
        "{}", "application/vnd.oci.image.manifest.v1+json", #","annotations":{"vnd.docker.reference.type":"attestation-manifest"}"#),
    ])
    let type = "application/vnd.oci.image.index.v1+json"
    let outer = TestImage.index([TestImage.descriptor(inner, type, #","annotations":{"io.containerd.image.name":"docker.io/library/m:1"}"#)])
    let archive = RawTar.make { tar in
      tar.file("index.json", outer)
      TestImage.add(inner, to: &tar)
      mine.addBlobs(to: &tar)
    }
    let store = try scratch.store()
    #expect(try load(archive, into: store) == ["Loaded image: m:1"])
    #expect(try store.resolve("m:1").id == mine.id)
  }

  @Test func aNameMovesToTheImageLoadedLast() throws {
    let store = try scratch.store()
    let first = TestImage(layers: [layer])
    _ = try load(first.legacy(), into: store)
    let second = TestImage(layers: [RawTar.make { $0.file("two") }])
    let loaded = try store.load(from: scratch.file(second.legacy()))
    #expect(loaded == [LoadedImage(id: second.id, reference: try Reference("test/image:1"), replaced: first.id)])
    #expect(try store.resolve(first.id.description).tags.isEmpty)
    #expect(try store.list().count == 2)
  }

  @Test func imagesThatShareLayersStoreThemOnce() throws {
    let store = try scratch.store()
    _ = try load(TestImage(layers: [layer]).legacy(), into: store)
    _ = try load(TestImage(layers: [layer, RawTar.make { $0.file("more") }], tags: ["b:1"]).legacy(), into: store)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch("root/layers")).count == 2)
    #expect(try store.layersSize() == 6)
    _ = try store.remove("test/image:1", force: false) { _ in [] }
    #expect(text(store.layers.lowerDirectories(try store.resolve("b:1").diffIDs)[1] + "/hello") == "world")
  }

  // MARK: Hostile

  @Test func hostileLayersLeaveNothing() throws {
    for name in ["../evil", "a/../../evil"] {
      let good = RawTar.make { $0.file("good") }
      try expectRefused(TestImage(layers: [good, RawTar.make { $0.file(name) }]).legacy(), "\"\(name)\"")
      try expectRefused(TestImage(layers: [RawTar.make { $0.file(name) }]).layout(), "\"\(name)\"")
    }
    let link = RawTar.make { tar in
      tar.symlink("l", "/")
      tar.file("l/evil")
    }
    try expectRefused(TestImage(layers: [link]).legacy(), "\"l/evil\"")
    // What fills the last block may be missing, a byte of the file's own may not.
    try expectRefused(TestImage(layers: [Array(layer.prefix(512 + 4))]).legacy(), "truncated")
    try expectRefused(TestImage(layers: [Array("no tar".utf8)]).legacy(), "not a tar archive")
  }

  @Test func hostileNamesInTheArchiveAreRefused() throws {
    let image = TestImage(layers: [layer])
    func with(_ add: (inout RawTar) -> Void) -> [UInt8] {
      RawTar.make { tar in
        add(&tar)
        tar.bytesOf(image.legacy())
      }
    }
    try expectRefused(with { $0.file("../evil") }, "\"../evil\"")
    try expectRefused(with { $0.file("/etc/evil") }, "\"/etc/evil\"", "absolute")
    try expectRefused(with { $0.symlink("l", "/etc/passwd") }, "\"l\"", "/etc/passwd")
    try expectRefused(with { $0.symlink("a/l", "../../x") }, "\"a/l\"")
    try expectRefused(with { $0.hardLink("l", "../x") }, "\"l\"")
    try expectRefused(with { $0.add("dev", type: "4", device: (8, 0)) }, "\"dev\"")
  }

  @Test(arguments: ["../layer.tar", "/etc/passwd", "a/../../layer.tar"])
  func pathsInManifestJSONMustStayInside(path: String) throws {
    let image = TestImage(layers: [layer])
    let archive = RawTar.make { tar in
      tar.add("layer.tar", data: layer)
      tar.file("\(image.id.hex).json", image.config)
      tar.file("manifest.json", image.manifestJSON(layers: [path]))
    }
    try expectRefused(archive, "\"\(path)\"")
  }

  @Test func circlesOfLinksAreRefused() throws {
    let image = TestImage(layers: [layer])
    let archive = RawTar.make { tar in
      tar.symlink("a", "b")
      tar.symlink("b", "a")
      tar.file("\(image.id.hex).json", image.config)
      tar.file("manifest.json", image.manifestJSON(layers: ["a"]))
    }
    try expectRefused(archive, "circle", "\"a\"")
  }

  @Test func wrongDigestsAreRefused() throws {
    var image = TestImage(layers: [layer])
    let other = RawTar.make { $0.file("other") }
    let archive = RawTar.make { tar in
      tar.file("index.json", TestImage.index([image.descriptor()]))
      tar.add("blobs/sha256/\(SHA256.digest(of: layer).hex)", data: other)
      TestImage.add(image.config, to: &tar)
      TestImage.add(image.manifest, to: &tar)
    }
    try expectRefused(archive, "wrong digest", SHA256.digest(of: layer).hex)
    image.layers = [other]
    try expectRefused(image.legacy(), "wrong diff ID", SHA256.digest(of: layer).description)
  }

  @Test func missingBlobsAreRefused() throws {
    let image = TestImage(layers: [layer])
    for blob in [image.id, SHA256.digest(of: layer), SHA256.digest(of: image.manifest)] {
      let whole = try entries(image.layout())
      let archive = RawTar.make { tar in
        for (entry, data) in whole where !String(decoding: entry.path, as: UTF8.self).contains(blob.hex) {
          tar.add(String(decoding: entry.path, as: UTF8.self), data: data)
        }
      }
      try expectRefused(archive, blob.hex, "missing")
    }
    try expectRefused(RawTar.make { $0.file("manifest.json", image.manifestJSON(layers: ["x"])) }, "missing")
    try expectRefused(RawTar.make { $0.file("readme") }, "does not contain a manifest.json")
    try expectRefused(RawTar.make { _ in }, "nothing in it")
  }

  @Test func sizesMustBeThoseOfTheDescriptors() throws {
    let image = TestImage(layers: [layer])
    let lying = image.manifest.replacingOccurrences(of: "\"size\":\(layer.count)", with: "\"size\":7")
    let archive = RawTar.make { tar in
      tar.file("index.json", TestImage.index([TestImage.descriptor(lying, "application/vnd.oci.image.manifest.v1+json")]))
      TestImage.add(lying, to: &tar)
      image.addBlobs(to: &tar)
    }
    try expectRefused(archive, "its descriptor says 7")
  }

  @Test func nestedIndexesEndSomewhere() throws {
    let image = TestImage(layers: [layer])
    var blobs: [String] = []
    var top = image.descriptor()
    for _ in 0..<8 {
      let index = TestImage.index([top])
      blobs.append(index)
      top = TestImage.descriptor(index, "application/vnd.oci.image.index.v1+json")
    }
    let archive = RawTar.make { tar in
      tar.file("index.json", TestImage.index([top]))
      for blob in blobs { TestImage.add(blob, to: &tar) }
      image.addBlobs(to: &tar)
    }
    try expectRefused(archive, "nested")
  }

  @Test(arguments: ["null", "{}", "[{}]", "[1]", "[", #"[{"Config":1}]"#, #"[{"Config":"x","Layers":null}]"#, #"[{"Config":"","Layers":[""]}]"#])
  func nonsenseInManifestJSONIsRefused(document: String) throws {
    try expectRefused(RawTar.make { $0.file("manifest.json", document) }, "manifest")
  }

  @Test(arguments: ["null", "[]", "{}", #"{"manifests":[{"digest":"sha256:xyz"}]}"#, #"{"schemaVersion":2,"manifests":[]}"#])
  func nonsenseInIndexJSONIsRefused(document: String) throws {
    try expectRefused(RawTar.make { $0.file("index.json", document) }, "index.json")
  }

  @Test(arguments: [("os\":\"linux", "os\":\"plan9"), ("diff_ids\":[", "diff_ids\":[\"sha256:00\","), ("\"Cmd\":[\"sh\"]", "\"Cmd\":7")])
  func nonsenseInAConfigurationIsRefused(old: String, new: String) throws {
    var image = TestImage(layers: [layer])
    image.config = image.config.replacingOccurrences(of: old, with: new)
    try expectRefused(image.legacy(), "")
  }

  @Test func badTagsAreRefused() throws {
    try expectRefused(TestImage(layers: [layer], tags: ["UPPER:1"]).legacy(), "must be lowercase")
    try expectRefused(TestImage(layers: [layer], tags: ["notag"]).legacy(), "invalid tag")
  }

  @Test func aFailureInTheLastImageUndoesTheFirst() throws {
    let good = TestImage(layers: [layer])
    let bad = TestImage(layers: [RawTar.make { $0.file("../x") }], tags: ["bad:1"])
    let archive = RawTar.make { tar in
      tar.add("good.tar", data: layer)
      tar.add("bad.tar", data: bad.layers[0])
      for image in [good, bad] { tar.file("\(image.id.hex).json", image.config) }
      let entries = [good.manifestJSON(layers: ["good.tar"]), bad.manifestJSON(layers: ["bad.tar"])].map { $0.dropFirst().dropLast() }
      tar.file("manifest.json", "[\(entries.joined(separator: ","))]")
    }
    try expectRefused(archive, "\"../x\"")
  }

  @Test func anotherEngineCannotOpenTheSameImages() throws {
    let store = try scratch.store()
    expectRefusal("in use by another hulld") { _ = try ImageStore(root: scratch("root"), database: store.database) }
  }

  @Test func aRestartSweepsWhatNoRowSpeaksOf() throws {
    var store: ImageStore? = try scratch.store()
    _ = try load(TestImage(layers: [layer]).legacy(), into: #require(store))
    let before = scratch.files("root")
    store = nil
    try Data("x".utf8).write(to: URL(fileURLWithPath: scratch("root/content/blobs/sha256/\(SHA256.digest(of: "x").hex)")))
    for name in ["content/ingest/abc", "layers/.new-x/fs", "layers/\(SHA256.digest(of: "y").hex)/fs"] { _ = try scratch.directory("root/" + name) }
    store = try scratch.store()
    #expect(scratch.files("root") == before)
    #expect(try #require(store).resolve("test/image:1").size == 5)
  }
}

extension RawTar {
  /// The entries of another archive.
  mutating func bytesOf(_ archive: [UInt8]) {
    for (entry, data) in (try? entries(archive)) ?? [] { add(String(decoding: entry.path, as: UTF8.self), data: data) }
  }
}
