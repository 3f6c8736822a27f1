// SPDX-License-Identifier: Apache-2.0
import Archive
import Dispatch
import Errors
import Foundation
import OCISpec
import RegistryStore
import Synchronization
import Testing

struct CareTests {
  let test: TestStore
  let name: RepositoryName

  init() throws {
    test = try TestStore()
    name = try RepositoryName("a")
  }

  @Test func whatAManifestNeedsIsKeptAndTheRestGoes() throws {
    try test.image("x", in: "a", tag: "v1")
    try test.push([1, 2, 3, 4], to: "a")
    #expect(try test.store.collect(grace: 3600, uploadAge: 3600) == CollectionReport())
    let plan = try test.store.collect(grace: 0, uploadAge: 3600, dryRun: true)
    #expect(plan.unlinked == 1 && test.blobFiles().count == 4)
    let report = try test.store.collect(grace: 0, uploadAge: 3600)
    #expect(report.unlinked == 1 && report.blobs == 1 && report.bytes == 4)
    #expect(test.blobFiles().count == 3)
    _ = try test.store.manifest(.tag("v1"), in: name)
  }

  @Test func aBlobOfTwoRepositoriesGoesWithTheLast() throws {
    let digest = try test.push([9], to: "a")
    _ = try test.store.mount(digest, from: name, into: RepositoryName("b"))
    try test.store.deleteBlob(digest, in: name)
    #expect(try test.store.readBlob(digest, in: RepositoryName("b")) == [9])
    _ = try test.store.collect(grace: 0, uploadAge: 0)
    #expect(test.blobFiles().isEmpty)
    #expect(!FileManager.default.fileExists(atPath: test.root + "/repositories/b"))
  }

  @Test func uploadsThatNobodyGoesOnWithAreForgotten() throws {
    let upload = try test.store.startUpload(in: name)
    try upload.begin()
    #expect(try test.store.collect(grace: 0, uploadAge: 0).uploads == 0)
    upload.end()
    #expect(try test.store.collect(grace: 0, uploadAge: 0).uploads == 1)
    expect(.blobUploadUnknown) { _ = try test.store.upload(upload.id, in: name) }
  }

  @Test func collectingWhilePushingLosesNothing() throws {
    let done = Atomic<Bool>(false)
    let test = test
    // The store is thread-safe; what is not Sendable here is only the helper around it.
    nonisolated(unsafe) let helper = test
    let group = DispatchGroup()
    DispatchQueue.global().async(group: group) {
      // Without any grace: what is acknowledged must be safe all the same.
      while !done.load(ordering: .relaxed) {
        _ = try? helper.store.collect(grace: 0, uploadAge: 3600)
        // Pushes have to get through between two rounds now and then.
        usleep(5000)
      }
    }
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 4) { worker in
      for number in 0..<12 {
        do {
          // The same layers again and again, from several sides.
          try helper.imageWhatever("\(number % 5)", in: "repo\(worker)", tag: "t\(number)")
          if number % 4 == 3 { try helper.store.deleteTag("t\(number - 1)", in: RepositoryName("repo\(worker)")) }
        } catch {
          failures.withLock { $0.append("\(error)") }
        }
      }
    }
    done.store(true, ordering: .relaxed)
    group.wait()
    #expect(failures.withLock { $0 } == [])
    for repository in test.store.catalog.all {
      for manifest in try test.store.manifests(in: repository) {
        for blob in manifest.content.blobs { #expect(try test.store.readBlob(blob.digest, in: repository).count == Int(blob.size)) }
      }
    }
  }

  @Test func aQuotaCountsDistinctBytes() throws {
    var rules = RegistryStore.Rules()
    rules.quota = { $0.description == "small" ? 10 : nil }
    let test = try TestStore(rules)
    let small = try RepositoryName("small")
    try test.push([1, 2, 3, 4], to: "small")
    try test.push([1, 2, 3, 4], to: "small")
    #expect(try test.store.usage(of: small) == 4)
    expect(.denied) { try test.push([UInt8](0..<7), to: "small") }
    try test.push([UInt8](0..<6), to: "small")
    #expect(try test.store.usage(of: small) == 10)
    let other = try test.push([77], to: "other")
    expect(.denied) { _ = try test.store.mount(other, from: RepositoryName("other"), into: small) }
    try test.store.deleteBlob(SHA256.digest(of: [1, 2, 3, 4]), in: small)
    #expect(try test.store.mount(other, from: RepositoryName("other"), into: small))
    #expect(try test.store.usage(of: small) == 7)
  }

  @Test func retentionKeepsTheNewestAndWhatMatches() throws {
    for number in 1...5 { try test.image("\(number)", in: "a", tag: "b\(number)") }
    try test.image("1", in: "a", tag: "v1")
    var rule = RetentionRule()
    rule.keepLast = 2
    rule.keepMatching = [try NamePattern("v*")]
    let plan = try test.store.retain(rule, in: name, dryRun: true)
    #expect(plan.count == 3 && plan.allSatisfy { $0.reason.contains("2 tags") })
    #expect(try test.store.tags(in: name).tags.count == 6)
    _ = try test.store.retain(rule, in: name, dryRun: false)
    let left = try test.store.tags(in: name).tags
    #expect(left.count == 3 && left.contains("v1"))
  }

  @Test func retentionByAgeSparesWhatWasPulled() throws {
    try test.image("1", in: "a", tag: "old")
    try test.image("2", in: "a", tag: "pulled")
    for tag in ["old", "pulled"] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -1000)], ofItemAtPath: "\(test.root)/repositories/a/_tags/\(tag)")
    }
    test.store.notePull("pulled", in: name)
    var rule = RetentionRule()
    rule.notPulledFor = 500
    #expect(try test.store.retain(rule, in: name, dryRun: true).map(\.tag) == ["old"])
    try test.store.flushPulls()
    #expect(try test.store.retain(rule, in: name, dryRun: false).map(\.tag) == ["old"])
  }

  @Test func untaggedManifestsGoUnlessSomethingNeedsThem() throws {
    let child = try test.image("child", in: "a")
    try test.index(of: [child], in: "a", tag: "v1")
    let signature = try test.image("signature", in: "a", subject: child)
    let lost = try test.image("lost", in: "a")
    let ofLost = try test.image("of lost", in: "a", subject: lost)
    var rule = RetentionRule()
    rule.untaggedAfter = 0
    let gone = try test.store.retain(rule, in: name, dryRun: false).map(\.digest)
    #expect(Set(gone) == [lost, ofLost])
    #expect(try test.store.referrers(of: child, in: name).descriptors.map(\.digest) == [signature])
  }
}
