// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import OCISpec
import RegistryStore
import Testing

struct BlobTests {
  @Test func aBlobIsKeptOnceForAllRepositories() throws {
    let test = try TestStore()
    let digest = try test.push([1, 2, 3], to: "a")
    #expect(try test.push([1, 2, 3], to: "b/c") == digest)
    #expect(test.blobFiles().count == 1)
    #expect(try test.store.readBlob(digest, in: RepositoryName("b/c")) == [1, 2, 3])
  }

  @Test func aBlobIsNotReadThroughARepositoryThatDoesNotHaveIt() throws {
    let test = try TestStore()
    let digest = try test.push([1], to: "a")
    expect(.blobUnknown) { _ = try test.store.readBlob(digest, in: RepositoryName("b")) }
  }

  @Test func anotherDigestThanPromisedIsRefusedAndNothingStays() throws {
    let test = try TestStore()
    let name = try RepositoryName("a")
    let upload = try test.store.startUpload(in: name)
    try upload.begin()
    try [UInt8](repeating: 7, count: 10).withUnsafeBytes { try upload.append($0, limit: nil) }
    expect(.digestInvalid) { try test.store.finish(upload, digest: SHA256.digest(of: [8])) }
    #expect(test.blobFiles().isEmpty)
    expect(.blobUploadUnknown) { _ = try test.store.upload(upload.id, in: name) }
  }

  @Test func sha512IsADigestToo() throws {
    let test = try TestStore()
    let name = try RepositoryName("a")
    let bytes = [UInt8]("hello".utf8)
    let digest = try ContentHash.digest(of: bytes, algorithm: "sha512")
    let upload = try test.store.startUpload(in: name)
    try upload.begin()
    try bytes.withUnsafeBytes { try upload.append($0, limit: nil) }
    try test.store.finish(upload, digest: digest)
    #expect(try test.store.readBlob(digest, in: name) == bytes)
  }

  @Test func anUploadGoesOnAfterACrash() throws {
    let test = try TestStore()
    let name = try RepositoryName("a")
    let upload = try test.store.startUpload(in: name)
    try upload.begin()
    try [UInt8]("first ".utf8).withUnsafeBytes { try upload.append($0, limit: nil) }
    let later = try test.afterCrash()
    let again = try later.store.takeUpload(upload.id, in: name, at: 6)
    try [UInt8]("second".utf8).withUnsafeBytes { try again.append($0, limit: nil) }
    try later.store.finish(again, digest: SHA256.digest(of: "first second"))
  }

  @Test func aChunkMustBeginWhereTheUploadEnds() throws {
    let test = try TestStore()
    let name = try RepositoryName("a")
    let upload = try test.store.startUpload(in: name)
    expect(.rangeInvalid) { _ = try test.store.takeUpload(upload.id, in: name, at: 5) }
    _ = try test.store.takeUpload(upload.id, in: name, at: 0)
    expect(.blobUploadInvalid) { _ = try test.store.takeUpload(upload.id, in: name) }
    upload.end()
    expect(.blobUploadUnknown) { _ = try test.store.takeUpload(upload.id, in: RepositoryName("b")) }
    expect(.blobUploadUnknown) { _ = try test.store.takeUpload("../../lock", in: name) }
  }

  @Test func mountingTakesABlobFromAnotherRepository() throws {
    let test = try TestStore()
    let digest = try test.push([1, 2], to: "a")
    let (a, b, c) = (try RepositoryName("a"), try RepositoryName("b"), try RepositoryName("c"))
    #expect(try test.store.mount(digest, from: a, into: b))
    #expect(try test.store.readBlob(digest, in: b) == [1, 2])
    #expect(try test.store.mount(digest, from: nil, into: c))
    #expect(try !test.store.mount(SHA256.digest(of: "x"), from: a, into: b))
  }

  @Test func aBlobThatAManifestNeedsIsNotDeleted() throws {
    let test = try TestStore()
    let name = try RepositoryName("a")
    let manifest = try test.image("x", in: "a", tag: "v1")
    let layer = SHA256.digest(of: "layer x")
    expect(.unsupportedHere) { try test.store.deleteBlob(layer, in: name) }
    try test.store.deleteManifest(manifest, in: name)
    try test.store.deleteBlob(layer, in: name)
    expect(.blobUnknown) { try test.store.deleteBlob(layer, in: name) }
  }

  @Test func aSecondProcessIsRefused() throws {
    let test = try TestStore()
    expect(.conflict) { _ = try RegistryStore(root: test.root) }
  }

  @Test func whatWasBeingMadeAtACrashIsSwept() throws {
    let test = try TestStore()
    try Data("half".utf8).write(to: URL(fileURLWithPath: test.root + "/making/half"))
    let later = try test.afterCrash()
    #expect(!FileManager.default.fileExists(atPath: later.root + "/making/half"))
  }
}
