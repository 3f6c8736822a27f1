// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import OCISpec
import Testing

@testable import Builder

@Suite("What stays of the build cache")
struct CachePruneTests {
  private func kept(reserved: Int64 = 0, maxUsed: Int64 = 0, minFree: Int64 = 0, total: Int64 = 100, free: Int64 = 50) -> Int64? {
    var prune = CachePrune()
    (prune.reserved, prune.maxUsed, prune.minFree) = (reserved, maxUsed, minFree)
    return prune.kept(of: total, free: free)
  }

  @Test func withoutLimitsNothingIsKept() { #expect(kept() == nil) }
  @Test func aReserveAloneIsKept() { #expect(kept(reserved: 30) == 30) }
  @Test func soMuchMayBeUsed() { #expect(kept(maxUsed: 70) == 70) }
  @Test func whatTheDiskLacksGoes() { #expect(kept(minFree: 60) == 90) }
  @Test func anEmptyDiskTakesNothing() { #expect(kept(minFree: 40) == .max) }
  @Test func theSmallerLimitCounts() {
    #expect(kept(maxUsed: 95, minFree: 60) == 90)
    #expect(kept(maxUsed: 85, minFree: 60) == 85)
  }
  @Test func whatIsReservedStaysInAnyCase() {
    #expect(kept(reserved: 40, maxUsed: 10) == 40)
    #expect(kept(reserved: 40, minFree: 1000) == 40)
  }
  @Test func moreThanAllIsNotWanted() { #expect(kept(minFree: 1000) == 0) }
}

@Suite("Filters of the build cache")
struct CacheFilterTests {
  private var record: CacheRecord {
    var record = CacheRecord(id: "abcdef", kind: .regular, description: "RUN make, twice", size: 1, created: 0, used: 0, uses: 0)
    record.parent = "0123"
    record.shared = true
    return record
  }

  @Test(arguments: [
    "type==regular", "type=regular", "id~=^abc", "id~=cde", "shared", "shared==true", "private==false", "immutable", "mutable!=true", "inuse==0",
    "parents==0123", "type!=exec.cachemount,shared", "description==\"RUN make, twice\"", "parent", "id",
  ])
  func thatHold(_ text: String) throws { #expect(try CacheFilter(text).matches(record)) }

  @Test(arguments: ["type==exec.cachemount", "id==abc", "id~=^bcd", "private", "inuse", "mutable", "type==regular,private", "shared==false"])
  func thatDoNotHold(_ text: String) throws { #expect(try !CacheFilter(text).matches(record)) }

  @Test(arguments: ["nonsense", "colour==red", "inuse==perhaps", "id~=[", "shared~=x", "type~regular"])
  func thatMeanNothing(_ text: String) { #expect(throws: HullError.self) { try CacheFilter(text) } }

  @Test func ofDockersAPI() throws {
    #expect(try CacheFilter("id", among: ["bcd"]).matches(record))
    #expect(try !CacheFilter("description", among: ["RUN make"]).matches(record))
    #expect(try CacheFilter("shared", among: []).matches(record))
    #expect(throws: HullError.self) { try CacheFilter("id", among: ["a", "b"]) }
  }
}

@Suite("Places of caches")
struct CacheOptionsTests {
  private func target(_ type: String, _ attributes: [String: String]) throws -> CacheTarget {
    try CacheTarget(CacheLocation(type: type, attributes: attributes))
  }

  @Test func mountsGoWithEverything() throws {
    #expect(try !target("registry", ["ref": "a"]).takesMounts)
    #expect(try target("registry", ["ref": "a", "mode": "max"]).takesMounts)
    #expect(try !target("registry", ["ref": "a", "mode": "max", "mounts": "false"]).takesMounts)
  }

  @Test func dockersTypesNeedAnIndex() throws {
    #expect(try target("registry", ["ref": "a"]).isManifest)
    #expect(try !target("registry", ["ref": "a", "oci-mediatypes": "false"]).isManifest)
    #expect(throws: HullError.self) { try target("registry", ["ref": "a", "oci-mediatypes": "false", "image-manifest": "true"]) }
  }

  @Test(arguments: [
    ("gha", [:]), ("s3", ["bucket": "b"]), ("azblob", [:]), ("registry", [:]), ("local", [:]), ("registry", ["ref": "a", "mode": "most"]),
    ("registry", ["ref": "a", "compression": "estargz"]), ("registry", ["ref": "a", "ignore-error": "perhaps"]), ("registry", ["ref": "A B"]),
  ])
  func whatMeansNothingIsRefused(_ type: String, _ attributes: [String: String]) {
    #expect(throws: HullError.self) { try target(type, attributes) }
  }

  @Test func anInlineCacheWithoutANameIsThatOfTheImage() throws {
    #expect(try CacheSource(CacheLocation(type: "inline", attributes: [:])) == nil)
    #expect(try CacheSource(CacheLocation(type: "registry", attributes: ["ref": "user/app:cache"]))?.name == "user/app:cache")
    #expect(throws: HullError.self) { try CacheSource(CacheLocation(type: "local", attributes: ["src": "/x"])) }
  }
}

@Suite("What caches from elsewhere say that they have")
struct LentStepsTests {
  private struct Nowhere: CacheOrigin {
    func document(_ descriptor: Descriptor?) async throws -> (bytes: [UInt8], mediaType: String) { throw HullError(.notFound, "nowhere") }
    func obtain(_ blob: Descriptor, progress: @escaping @Sendable (Int64) -> Void) async throws {}
  }

  private func digest(_ byte: UInt8) -> Digest { Digest(sha256: Array(repeating: byte, count: 32)) }

  private func step(_ key: UInt8, diffID: UInt8? = nil, blob: UInt8? = nil) -> CacheDocument.Step {
    CacheDocument.Step(key: digest(key), description: "RUN", base: nil, diffID: diffID.map(digest), blob: blob.map(digest), created: 0)
  }

  private func blobs(_ bytes: UInt8...) -> [Digest: Descriptor] {
    Dictionary(uniqueKeysWithValues: bytes.map { (digest($0), Descriptor(mediaType: MediaType.ociLayer, digest: digest($0), size: 1)) })
  }

  @Test func onlyWhatTheManifestListsCounts() {
    let (lent, lender) = (LentSteps(), LentSteps.Lender(name: "a", origin: Nowhere()))
    var document = CacheDocument()
    document.steps = [step(1, diffID: 2, blob: 3), step(4, diffID: 5, blob: 6), step(7), step(8, diffID: 9), step(10, blob: 3)]
    document.mounts = [CacheDocument.Mount(id: "m", blob: digest(3)), CacheDocument.Mount(id: "n", blob: digest(6))]
    #expect(lent.add(document, blobs: blobs(3), from: lender) == 4)
    #expect(lent.steps(digest(1)).count == 1 && lent.steps(digest(7)).count == 1 && lent.mounts("m").count == 1)
    #expect(lent.steps(digest(4)).isEmpty && lent.steps(digest(8)).isEmpty && lent.steps(digest(10)).isEmpty && lent.mounts("n").isEmpty)
  }

  @Test func whoIsNamedFirstIsAskedFirstUntilItBreaksItsPromise() {
    let lent = LentSteps()
    let (first, second) = (LentSteps.Lender(name: "first", origin: Nowhere()), LentSteps.Lender(name: "second", origin: Nowhere()))
    var document = CacheDocument()
    document.steps = [step(1)]
    for lender in [first, second] { _ = lent.add(document, blobs: [:], from: lender) }
    #expect(lent.steps(digest(1)).map(\.lender.name) == ["first", "second"])
    first.isBroken.withLock { $0 = true }
    #expect(lent.steps(digest(1)).map(\.lender.name) == ["second"])
  }

  @Test func aDescriptionIsTheSameInEveryOrder() {
    var (one, other) = (CacheDocument(), CacheDocument())
    one.steps = [step(1), step(2, diffID: 3, blob: 4)]
    other.steps = one.steps.reversed()
    #expect(one.encoded == other.encoded)
    #expect(CacheDocument(encoded: one.encoded)?.steps.count == 2)
    #expect(CacheDocument(encoded: Array("{\"version\":2,\"steps\":[],\"mounts\":[]}".utf8)) == nil)
  }
}

@Suite("Directories that builds keep", .timeLimit(.minutes(1)))
struct CacheMountTests {
  private func withMounts(_ body: (CacheMounts) async throws -> Void) async throws {
    let directory = "/var/tmp/hull-cache-mounts-\(UInt64.random(in: 0...UInt64.max))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try await body(CacheMounts(directory: directory))
  }

  private func acquire(_ mounts: CacheMounts, _ id: String = "a", seeds: [CacheMounts.Seed] = []) async throws -> CacheMounts.Lease {
    try await mounts.acquire(id, sharing: .locked, owner: (0, 0), mode: 0o755) { seeds }
  }

  @Test func whoWaitsHearsAtOnceThatItIsCancelled() async throws {
    try await withMounts { mounts in
      let first = try await acquire(mounts)
      let second = Task { try await acquire(mounts) }
      let third = Task { try await acquire(mounts) }
      while mounts.waiting < 2 { await Task.yield() }
      second.cancel()
      await #expect(throws: CancellationError.self) { try await second.value }
      mounts.release(first)
      mounts.release(try await third.value)
      #expect(mounts.inUse.isEmpty)
    }
  }

  @Test func theFirstSeedThatCanFillsADirectoryThatIsNew() async throws {
    try await withMounts { mounts in
      let bad: CacheMounts.Seed = { path in
        try Data("half".utf8).write(to: URL(fileURLWithPath: path + "/half"))
        return false
      }
      let good: CacheMounts.Seed = { path in
        try Data("whole".utf8).write(to: URL(fileURLWithPath: path + "/whole"))
        return true
      }
      let lease = try await acquire(mounts, seeds: [bad, good])
      #expect(try FileManager.default.contentsOfDirectory(atPath: lease.path) == ["whole"])
      mounts.release(lease)
      let again = try await acquire(mounts, seeds: [bad])
      #expect(try FileManager.default.contentsOfDirectory(atPath: again.path) == ["whole"])
      #expect(try !mounts.remove(again.name))
      mounts.release(again)
      #expect(try mounts.remove(again.name))
      #expect(try mounts.names().isEmpty)
    }
  }
}
