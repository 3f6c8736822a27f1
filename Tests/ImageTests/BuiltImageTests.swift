// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import ImageStore
import Layers
import OCISpec
import Testing

/// Results of builds: forms of layers, and attestations beside images.
@Suite struct BuiltImageTests {
  private static func layer(_ mtimes: [Int]) -> [UInt8] {
    RawTar.make { tar in
      for (number, mtime) in mtimes.enumerated() { tar.add("file\(number)", data: Array("data \(number)".utf8), mtime: mtime) }
      tar.add("link", type: "2", link: "file0", mtime: mtimes[0])
    }
  }

  private func made(_ store: ImageStore, _ bytes: [UInt8], _ claim: Claim) throws -> (info: LayerInfo, descriptor: Descriptor) {
    try #require(try store.makeLayer(above: [], claim) { (sink) throws(HullError) in try sink.write(bytes) })
  }

  private func request(_ layer: (info: LayerInfo, descriptor: Descriptor)) -> BuiltImageRequest {
    BuiltImageRequest(config: ImageConfig(platform: .host, diffIDs: [layer.info.diffID]), layers: [layer.info], descriptors: [layer.descriptor])
  }

  private func blob(_ store: ImageStore, _ descriptor: Descriptor) throws -> [UInt8] {
    let chunks = BufferedChunks(try DecompressingSource(try store.blobs.source(descriptor.digest)))
    var bytes: [UInt8] = []
    while let chunk = try chunks.next() { bytes += chunk }
    return bytes
  }

  @Test(arguments: [(Compression.gzip, "+gzip", 6), (.zstd, "+zstd", 3), (.none, ".tar", 0)])
  func aLayerIsBroughtIntoAForm(_ compression: Compression, _ suffix: String, _ level: Int) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let claim = store.claim()
    defer { try? claim.release() }
    let bytes = Self.layer([1, 2, 3])
    let layer = try made(store, bytes, claim)
    var form = LayerForm()
    (form.compression, form.level) = (compression, level)
    let formed = try store.formed(layer.descriptor, as: form, claim)
    #expect(formed.mediaType.hasSuffix(suffix) && store.blobs.size(of: formed.digest) == formed.size)
    #expect(try blob(store, formed) == bytes)
    // The same again, and back, but only when it must.
    #expect(try store.formed(layer.descriptor, as: form, claim) == formed)
    var plain = LayerForm()
    plain.compression = Compression.none
    #expect(try store.formed(formed, as: plain, claim).digest == formed.digest)
    plain.isForced = true
    #expect(try store.formed(formed, as: plain, claim).digest == layer.descriptor.digest)
  }

  @Test func aFormIsMadeOnceAsLongAsItIsHere() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let claim = store.claim()
    defer { try? claim.release() }
    let layer = try made(store, Self.layer([1]), claim).descriptor
    var form = LayerForm()
    form.compression = .gzip
    let forms = store.claim()
    var read = 0
    let first = try store.formed(layer, as: form, forms) { read += $0 }
    let whole = read
    #expect(whole >= Int(layer.size) - 512)
    #expect(try store.formed(layer, as: form, forms) { read += $0 } == first && read == whole)
    // Another level is another form.
    form.level = 0
    #expect(try store.formed(layer, as: form, forms) { read += $0 } != first && read == 2 * whole)
    // What nobody needs any more is gone, and made again.
    try forms.release()
    #expect(store.blobs.size(of: first.digest) == nil)
    form.level = nil
    #expect(try store.formed(layer, as: form, claim) { read += $0 } == first && read == 3 * whole)
  }

  @Test func mediaTypesAreDockersWhenTheyAreWanted() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let claim = store.claim()
    defer { try? claim.release() }
    let layer = try made(store, Self.layer([1]), claim)
    var form = LayerForm()
    form.usesDockerTypes = true
    #expect(try store.formed(layer.descriptor, as: form, claim).mediaType == MediaType.dockerLayer)
    form.compression = .gzip
    #expect(try store.formed(layer.descriptor, as: form, claim).mediaType == MediaType.dockerLayerGzip)
  }

  @Test func timesAreNoLaterThanWanted() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let claim = store.claim()
    defer { try? claim.release() }
    let layer = try made(store, Self.layer([10, 100, 1000]), claim)
    let clamped = try #require(try store.clamped(layer.descriptor, latest: 100, above: [], claim))
    let found = try entries(blob(store, clamped.descriptor))
    #expect(found.map(\.entry.modified.seconds) == [10, 100, 100, 10])
    #expect(found[2].data == Array("data 2".utf8) && found[3].entry.link == Array("file0".utf8))
    #expect(clamped.info.diffID == clamped.descriptor.digest && clamped.info.chain != layer.info.chain)
    #expect(status(store.layers.path(of: clamped.info.chain) + "/file2")?.st_mtim.tv_sec == 100)
  }

  private func attested(_ store: ImageStore, _ claim: Claim, asArtifact: Bool) throws -> BuiltContent {
    var request = self.request(try made(store, Self.layer([1]), claim))
    request.attestsInArtifact = asArtifact
    request.attestations = { manifest in
      [Attestation(predicateType: "https://example.org/p", statement: Array("{\"about\":\"\(manifest.digest)\"}".utf8))]
    }
    return try store.prepare(built: [request], claim)
  }

  @Test(arguments: [true, false]) func attestationsLieBesideTheImage(_ asArtifact: Bool) throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let claim = store.claim()
    let built = try attested(store, claim, asArtifact: asArtifact)
    try store.register(built, references: [Reference("attested")])
    try claim.release()
    let index: Index = try JSON.decode(store.blobs.read(built.target.digest), "index")
    #expect(index.manifests.count == 2 && index.manifests[0].platform == .host && index.manifests[0].digest == built.results[0].manifest.digest)
    let beside = index.manifests[1]
    #expect(beside.platform == .unknown)
    #expect(
      beside.annotations == ["vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": "\(index.manifests[0].digest)"])
    let manifest: Manifest = try JSON.decode(store.blobs.read(beside.digest), "manifest")
    #expect(manifest.layers.map(\.mediaType) == ["application/vnd.in-toto+json"])
    #expect(manifest.layers[0].annotations == ["in-toto.io/predicate-type": "https://example.org/p"])
    #expect(manifest.subject?.digest == (asArtifact ? index.manifests[0].digest : nil))
    #expect(manifest.config.mediaType == (asArtifact ? MediaType.ociEmpty : MediaType.ociConfig))
    #expect(String(decoding: try store.blobs.read(manifest.layers[0].digest), as: UTF8.self).contains("\(index.manifests[0].digest)"))
    // The image is the one that it would be without.
    let record = try store.resolve("attested")
    let target = try store.target("attested")
    #expect(record.id == built.results[0].id && target.digest == built.target.digest)
    _ = try store.remove("attested", force: true, holders: { _ in [] })
    #expect(scratch.files("root").isEmpty)
  }

  @Test func whatIsNotRegisteredLeavesNothing() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let claim = store.claim()
    _ = try attested(store, claim, asArtifact: true)
    try claim.release()
    #expect(scratch.files("root").isEmpty)
  }

  @Test func annotationsAreWhereTheyBelong() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let claim = store.claim()
    defer { try? claim.release() }
    var request = self.request(try made(store, Self.layer([1]), claim))
    (request.annotations, request.descriptorAnnotations) = (["m": "1"], ["d": "2"])
    var over = BuiltIndexRequest()
    (over.annotations, over.descriptorAnnotations, over.isForced) = (["i": "3"], ["r": "4"], true)
    let built = try store.prepare(built: [request], index: over, claim)
    let index: Index = try JSON.decode(store.blobs.read(built.target.digest), "index")
    let manifest: Manifest = try JSON.decode(store.blobs.read(index.manifests[0].digest), "manifest")
    #expect(index.annotations == ["i": "3"] && index.manifests[0].annotations == ["d": "2"] && manifest.annotations == ["m": "1"])
    #expect(built.target.annotations == ["r": "4"])
  }
}
