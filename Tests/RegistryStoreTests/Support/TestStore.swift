// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import OCISpec
import RegistryStore
import Testing

/// A store in a directory of its own, removed at the end.
final class TestStore {
  let root: String
  private(set) var store: RegistryStore

  init(_ rules: RegistryStore.Rules = .init()) throws {
    root = "/var/tmp/hull-registry-tests-\(UInt64.random(in: .min ... .max))"
    store = try RegistryStore(root: root, rules: rules)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// Leaves the store as a killed process does, and opens it anew in a copy of its directory: the lock stays with the first.
  func afterCrash() throws -> TestStore {
    let copy = try TestStore()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/cp")
    process.arguments = ["-a", root, copy.root + "-crashed"]
    try process.run()
    process.waitUntilExit()
    return try TestStore(opening: copy.root + "-crashed")
  }

  private init(opening root: String) throws {
    self.root = root
    store = try RegistryStore(root: root)
  }

  @discardableResult
  func push(_ bytes: [UInt8], to name: String) throws -> Digest {
    let name = try RepositoryName(name)
    let upload = try store.startUpload(in: name)
    try upload.begin()
    try bytes.withUnsafeBytes { try upload.append($0, limit: try store.room(in: name)) }
    let digest = SHA256.digest(of: bytes)
    try store.finish(upload, digest: digest)
    return digest
  }

  /// Pushes an image of one layer; `seed` makes it another one.
  @discardableResult
  func image(_ seed: String, in name: String, tag: String? = nil, subject: Digest? = nil) throws -> Digest {
    let config = Array("{\"architecture\":\"amd64\",\"os\":\"linux\",\"seed\":\"\(seed)\"}".utf8)
    let layer = Array("layer \(seed)".utf8)
    let (configDigest, layerDigest) = (try push(config, to: name), try push(layer, to: name))
    let about = subject.map { ",\"subject\":{\"mediaType\":\"\(MediaType.ociManifest)\",\"digest\":\"\($0)\",\"size\":2}" } ?? ""
    let text = """
      {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","config":{"mediaType":"\(MediaType.ociConfig)","digest":"\(configDigest)",\
      "size":\(config.count)},"layers":[{"mediaType":"\(MediaType.ociLayer)","digest":"\(layerDigest)","size":\(layer.count)}]\(about)}
      """
    return try put(text, tag, in: name)
  }

  /// The same while blobs may be collected between their push and their manifest's: a client is told then, and pushes again.
  func imageWhatever(_ seed: String, in name: String, tag: String) throws {
    for _ in 0..<5000 {
      do {
        try image(seed, in: name, tag: tag)
        return
      } catch let error as HullError where error.code == .manifestBlobUnknown {
        continue
      }
    }
    throw HullError(.internalError, "\(name):\(tag) could not be pushed")
  }

  @discardableResult
  func index(of manifests: [Digest], in name: String, tag: String? = nil) throws -> Digest {
    let entries = manifests.map { "{\"mediaType\":\"\(MediaType.ociManifest)\",\"digest\":\"\($0)\",\"size\":2}" }.joined(separator: ",")
    return try put("{\"schemaVersion\":2,\"mediaType\":\"\(MediaType.ociIndex)\",\"manifests\":[\(entries)]}", tag, in: name)
  }

  func put(_ text: String, _ tag: String?, in name: String) throws -> Digest {
    let bytes = Array(text.utf8)
    let reference = tag.map { ManifestReference.tag($0) } ?? .digest(SHA256.digest(of: bytes))
    return try store.putManifest(bytes, declared: nil, as: reference, in: try RepositoryName(name)).digest
  }

  /// Paths of blobs' files, whichever repositories have them.
  func blobFiles() -> [String] {
    (FileManager.default.enumerator(atPath: root + "/blobs")?.compactMap { $0 as? String } ?? []).filter { $0.split(separator: "/").count == 3 }
  }
}

/// Expects an error with a code.
func expect(_ code: HullError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
  do {
    try body()
    Issue.record("nothing was thrown, not \(code.rawValue)", sourceLocation: sourceLocation)
  } catch let error as HullError {
    #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
  } catch {
    Issue.record("\(error) is no HullError", sourceLocation: sourceLocation)
  }
}
