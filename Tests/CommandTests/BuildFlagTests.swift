// SPDX-License-Identifier: Apache-2.0
import Errors
import Testing

@testable import HullCommands

@Suite struct BuildFlagTests {
  private func call(_ words: String...) throws -> Invocation {
    let flags = BuildFlags.all
    return try #require(try FlagParser(flags: flags, interspersed: true).parse(words, into: Invocation(path: "build", flags: flags, host: nil)))
  }

  @Test func outputsHaveShortForms() throws {
    let outputs = try BuildOutputs(call("-o", "out", "-o", "type=oci,dest=a.tar", "-o", "type=image,push=true", "."))
    #expect(outputs.specs.map { $0["type"] } == ["local", "oci", "image"])
    #expect(outputs.targets == ["1": .directory("out"), "2": .file("a.tar")])
    #expect(outputs.specs[0]["id"] == "1" && outputs.specs[2]["push"] == "true" && outputs.specs[2]["id"] == nil)
    #expect(try BuildOutputs(call("--push", ".")).specs.map { $0["type"] } == ["registry"])
    #expect(try BuildOutputs(call("-o", "type=oci,tar=false,dest=d", ".")).targets["1"] == .directory("d"))
  }

  @Test func outputsThatCannotBeAreRefused() {
    #expect(throws: HullError.self) { try BuildOutputs(call("-o", "type=local", ".")) }
    #expect(throws: HullError.self) { try BuildOutputs(call("-o", "dest=x", ".")) }
  }

  @Test func specsAreTakenApart() throws {
    let spec = try BuildSpec("type=registry,ref=a/b:c,mode=max", flag: "cache-to")
    #expect(spec.attributes == ["type": "registry", "ref": "a/b:c", "mode": "max"])
    #expect(try BuildSpec("a/b:c", flag: "cache-from", first: "ref")["ref"] == "a/b:c")
    #expect(throws: HullError.self) { try BuildSpec("a,b", flag: "cache-from", first: "ref") }
  }

  @Test func theRequestSaysWhatTheFlagsSay() throws {
    let call = try call(
      "--build-arg", "a=1", "--label", "l", "--platform", "linux/amd64,linux/arm64", "--cache-from", "x/y", "--sbom=true", "--provenance=false",
      "--memory", "64m", "https://example.org/a.git")
    let request = try BuildRequestForm(call, try BuildSource(call), try BuildOutputs(call), try BuildCaches(call)).json
    #expect(request["buildArgs"]["a"].text == "1" && request["labels"]["l"].string == "")
    #expect(request["platforms"].strings == ["linux/amd64", "linux/arm64"])
    #expect(request["remote"].text == "https://example.org/a.git")
    #expect(request["cacheFrom"].array.first?["ref"].text == "x/y" && request["cacheFrom"].array.first?["type"].text == "registry")
    #expect(request["attestations"].object.keys == ["sbom"])
    #expect(request["memory"].int == 64 << 20)
  }

  @Test func excerptsMarkTheLine() {
    #expect(
      BuildExcerpt.text("Dockerfile", "a\nb\nc\nd", line: 2)
        == "Dockerfile:2\n--------------------\n   1 |     a\n   2 | >>> b\n   3 |     c\n   4 |     d\n--------------------")
    #expect(BuildExcerpt.text("Dockerfile", "a", line: 9) == "")
  }
}
