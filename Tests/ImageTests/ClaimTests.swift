// SPDX-License-Identifier: Apache-2.0
import Archive
import ImageStore
import OCISpec
import Testing

@Suite("Claims") struct ClaimTests {
  private let scratch: Scratch
  private let store: ImageStore
  private let image: TestImage
  private let manifest: Digest
  private let chain: Digest

  init() throws {
    scratch = try Scratch()
    store = try scratch.store()
    image = TestImage(layers: [RawTar.make { $0.file("a", "xyz") }], tags: ["app:1"])
    _ = try store.load(from: scratch.file(image.legacy()))
    manifest = try store.resolve("app:1").manifest.digest
    chain = SHA256.digest(of: image.layers[0])
  }

  private var isThere: Bool { store.blobs.size(of: manifest) != nil && store.layers.info(chain) != nil }

  private func claim(recorded: Bool) -> Claim {
    let claim = store.claim()
    claim.claim(blobs: [manifest], chains: [chain], recorded: recorded)
    return claim
  }

  private func remove() throws { _ = try store.remove("app:1", force: false) { _ in [] } }

  @Test(
    "what is removed while it is claimed goes with the last claim, whatever was known of it", arguments: [[true], [true, false], [false, true]])
  func removedMeanwhile(_ recorded: [Bool]) throws {
    let claims = recorded.map(claim)
    try remove()
    for claim in claims {
      #expect(isThere)
      try claim.release()
    }
    #expect(!isThere && scratch.files("root") == [])
  }

  @Test("what a row speaks of stays when it is let go") func recordedStays() throws {
    try claim(recorded: true).release()
    #expect(isThere)
    try remove()
    #expect(scratch.files("root") == [])
  }

  @Test("what was claimed as recorded and is made anew is looked at when it is let go") func recordedAndNew() throws {
    let made = try store.blobs.put(Array("made".utf8))
    let claim = store.claim()
    claim.claim(blobs: [made], recorded: true)
    claim.claim(blobs: [made])
    try claim.release()
    #expect(store.blobs.size(of: made) == nil)
  }
}
