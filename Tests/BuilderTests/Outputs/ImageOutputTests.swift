// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec
import Testing

@testable import Builder

@Suite struct ImageOutputTests {
  @Test func attributesBecomeAnOutput() throws {
    let output = try ImageOutput(attributes: [
      "push": "", "push-by-digest": "1", "compression": "zstd", "compression-level": "19", "force-compression": "true", "rewrite-timestamp": "true",
      "name": "a,b:2", "name-canonical": "true", "dangling-name-prefix": "d", "oci-artifact": "false", "tar": "false", "unpack": "true",
      "annotation.a": "1", "annotation-index.b": "2", "annotation-manifest[linux/amd64].org.example/c": "3", "annotation-manifest-descriptor.d": "4",
    ])
    #expect(output.push && output.pushesByDigest && !output.pushOnly && output.isCanonical && output.danglingPrefix == "d")
    #expect(output.compression == .zstd && output.compressionLevel == 19 && output.forceCompression && output.rewritesTimestamps)
    #expect(output.names == ["a", "b:2"] && !output.attestsInArtifact && output.isDirectory)
    let amd64 = try Platform(parsing: "linux/amd64")
    let arm64 = try Platform(parsing: "linux/arm64")
    #expect(output.annotations.values(.manifest, for: amd64) == ["a": "1", "org.example/c": "3"])
    #expect(output.annotations.values(.manifest, for: arm64) == ["a": "1"])
    #expect(output.annotations.values(.index) == ["b": "2"] && output.annotations.values(.manifestDescriptor) == ["d": "4"])
    #expect(throws: HullError.self) { try output.annotations.check(platforms: [amd64], hasIndex: false) }
    #expect(throws: HullError.self) { try output.annotations.check(platforms: [arm64], hasIndex: true) }
    try output.annotations.check(platforms: [amd64, arm64], hasIndex: true)
  }

  @Test(arguments: [
    ["compression": "estargz"], ["compression": "zip"], ["push": "perhaps"], ["compression-level": "x"],
    ["annotation-index.a": "1", "oci-mediatypes": "false"], ["annotation-nowhere.a": "1"],
  ]) func whatThereIsNotIsRefused(_ attributes: [String: String]) {
    #expect(throws: HullError.self) { try ImageOutput(attributes: attributes) }
  }

  @Test func annotationsOfACommandLineSayTheirPlaces() throws {
    var annotations = ImageAnnotations()
    try annotations.add(option: "plain", "1")
    try annotations.add(option: "index,manifest[linux/arm64]:both", "2")
    try annotations.add(option: "urn:x:y", "3")
    #expect(annotations.values(.manifest, for: try Platform(parsing: "linux/amd64")) == ["plain": "1", "urn:x:y": "3"])
    #expect(annotations.values(.index) == ["both": "2"])
  }

  @Test func aLayoutsAddressIsTakenApart() throws {
    let digest = "sha256:" + String(repeating: "0", count: 64)
    let whole = try #require(try LayoutAddress("oci-layout://store:v1@\(digest)"))
    #expect(whole.store == "store" && whole.tag == "v1" && whole.digest?.description == digest)
    let path = try #require(try LayoutAddress("oci-layout://a:1/b"))
    #expect(path.store == "a:1/b" && path.tag == nil && path.digest == nil)
    #expect(try LayoutAddress("docker-image://a") == nil)
    #expect(try LayoutAddress("oci-layout:store")?.store == "store")
    #expect(throws: HullError.self) { try LayoutAddress("oci-layout://a@sha256:1") }
  }

  @Test func mergedTreesCoverEachOther() throws {
    func tree(_ files: [String: String]) throws -> TreePack {
      let writer = TreePackWriter(directory: "/var/tmp")
      for (path, text) in files {
        writer.begin(path, TreeNode(kind: .regular, mode: 0o600))
        try Array(text.utf8).withUnsafeBytes { bytes in try writer.write(bytes) }
        try writer.end()
      }
      return try writer.finish()
    }
    let merged = MergedTree([try tree(["a": "1", "d/b": "2"]), try tree(["a": "longer", "d/c": "3"])])
    #expect(try merged.names(in: "") == ["a", "d"] && merged.names(in: "d") == ["b", "c"])
    #expect(try merged.node("a")?.size == 6 && merged.text("d/b", limit: 10) == "2")
  }
}
