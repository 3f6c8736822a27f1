// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import Foundation
import OCISpec
import Testing

@testable import BuildKitAPI

@Suite struct BuildRequestTests {
  private func request(_ options: [String: String], _ exporters: [(String, [String: String])] = []) throws -> BuildRequest {
    var solve = ControlSolveRequest()
    solve.ref = "r"
    solve.exporters = exporters.map { type, attributes in
      var exporter = ControlExporter()
      (exporter.type, exporter.attrs) = (type, attributes)
      return exporter
    }
    return try BuildRequest(solve, options: options, frontend: "dockerfile.v0")
  }

  @Test func optionsBecomeARequest() throws {
    let request = try request([
      "filename": "D", "target": "t", "build-arg:A": "1", "label:l": "v", "platform": "linux/amd64,linux/arm64", "no-cache": "a,b",
      "image-resolve-mode": "pull", "force-network-mode": "none", "add-hosts": "h=1.2.3.4,i=::1", "ulimit": "nofile=10:20,nproc=5",
      "memory": "1024", "build-arg:SOURCE_DATE_EPOCH": "7", "attest:provenance": "mode=max", "attest:sbom": "inline-only=true",
      "context:c": "docker-image://x",
    ])
    #expect(request.dockerfile == "D" && request.dockerfileContext == "dockerfile" && request.target == "t")
    #expect(request.arguments["A"] == "1" && request.labels == ["l": "v"])
    #expect(request.platforms.map(\.description) == ["linux/amd64", "linux/arm64"])
    #expect(!request.noCache && request.noCacheStages == ["a", "b"] && request.pull && request.network == "none")
    #expect(request.extraHosts == ["h:1.2.3.4", "i:::1"])
    #expect(
      request.limits.memory == 1024 && request.limits.ulimits == [.init(name: "nofile", soft: 10, hard: 20), .init(name: "nproc", soft: 5, hard: 5)])
    #expect(
      request.arguments["SOURCE_DATE_EPOCH"] == "7" && request.attestations == ["provenance": ["mode": "max"], "sbom": ["inline-only": "true"]])
    #expect(request.namedContexts == ["c": "docker-image://x"])
  }

  @Test func cachesAreNamedAsOlderClientsNameThem() throws {
    let caches = try request(["cache-from": "example.com/a:b,c"]).cacheFrom
    #expect(caches.map(\.type) == ["registry", "registry"] && caches.map(\.attributes) == [["ref": "example.com/a:b"], ["ref": "c"]])
  }

  @Test func anEmptyNoCacheMeansAll() throws {
    #expect(try request(["no-cache": ""]).noCache)
    #expect(try !request([:]).noCache)
  }

  @Test func aRemoteContextBringsItsDockerfile() throws {
    let remote = try request(["context": "https://example.com/r.git"])
    #expect(remote.remoteContext == "https://example.com/r.git" && remote.dockerfileContext == "context")
    let own = try request(["context": "https://example.com/r.git", "dockerfilekey": "dockerfile"])
    #expect(own.dockerfileContext == "dockerfile")
    let uploaded = try request(["context": "http://buildkit-session/abc"])
    #expect(uploaded.remoteContext == nil && uploaded.dockerfileContext == "context")
  }

  @Test func exportersBecomeOutputs() throws {
    let request = try request([:], [("moby", ["name": "a,b:2", "push": "true"]), ("tar", [:]), ("local", [:]), ("oci", [:])])
    #expect(request.tags.map(\.familiar) == ["a:latest", "b:2"])
    #expect(request.outputs.count == 4)
    guard case .image(let image) = request.outputs[0], case .tar(let tar, _) = request.outputs[1], case .local(let local, _) = request.outputs[2],
      case .archive(let archive, _, let oci) = request.outputs[3]
    else { return #expect(Bool(false), "\(request.outputs)") }
    #expect(image.push && tar == "1" && local == "2" && archive == "3" && oci)
  }

  @Test(arguments: ["gateway.v0", "other"]) func onlyTheBuiltInFrontEndIsThere(_ frontend: String) {
    #expect(throws: HullError.self) { try BuildRequest(ControlSolveRequest(), options: ["source": "evil/image"], frontend: frontend) }
  }

  @Test func entitlementsAreRead() throws {
    var solve = ControlSolveRequest()
    solve.entitlements = ["network.host", "device=vendor.com/class=all"]
    #expect(try BuildRequest(solve, options: [:], frontend: "dockerfile.v0").entitlements == [.hostNetwork, .device])
    solve.entitlements = ["security.insecure"]
    #expect(try BuildRequest(solve, options: [:], frontend: "dockerfile.v0").entitlements == [.insecure])
    solve.entitlements = ["root"]
    #expect(throws: HullError.self) { try BuildRequest(solve, options: [:], frontend: "dockerfile.v0") }
  }

  private func source(_ identifier: String, _ attributes: [String: String] = [:]) throws -> LLBDefinition {
    var op = LLBOp()
    (op.source.identifier, op.source.attrs) = (identifier, attributes)
    var definition = LLBDefinition()
    definition.def = [try op.serializedBytes(), try LLBOp().serializedBytes()]
    definition.metadata = ["x": LLBOpMetadata()]
    return definition
  }

  @Test func contextsMayBeGraphs() throws {
    let image = try source("docker-image://docker.io/library/busybox:latest")
    var request = try request([:])
    try request.takeInputs(["context": image], [:])
    #expect(request.contextInput == "context" && request.dockerfileInput == nil && request.dockerfileContext == "dockerfile")
    try request.takeInputs(["dockerfile": image], ["dockerfilekey": "other"])
    #expect(request.dockerfileInput == nil)
    try request.takeInputs(["dockerfile": image], [:])
    #expect(request.dockerfileInput == "dockerfile")
  }

  @Test func aRepositoryForBothIsARemoteContext() throws {
    let repository = try source("git://example.com/r.git#main")
    var request = try request([:])
    try request.takeInputs(["context": repository, "dockerfile": repository], [:])
    #expect(request.remoteContext == "git://example.com/r.git#main" && request.dockerfileContext == "context" && request.dockerfileInput == nil)
  }

  @Test func aRepositoryThatItsAddressDoesNotTellStaysAGraph() throws {
    let repository = try source("git://github.com/o/r", ["git.fullurl": "https://github.com/o/r"])
    var request = try request([:])
    try request.takeInputs(["context": repository, "dockerfile": repository], [:])
    #expect(request.remoteContext == nil && request.contextInput == "context" && request.dockerfileInput == "dockerfile")
  }

  @Test func anEmptyGraphIsRefused() throws {
    var request = try request([:])
    #expect(throws: HullError.self) { try request.takeInputs(["context": LLBDefinition()], [:]) }
  }

  @Test func whatIsSaidOfInputsImagesIsRead() throws {
    let config = Data(#"{"architecture":"amd64","os":"linux","config":{"Env":["A=1"]},"rootfs":{"type":"layers"}}"#.utf8)
    let text = String(decoding: try JSONEncoder().encode(["containerimage.config": config]), as: UTF8.self)
    let configs = BuildRequest.inputConfigs(["input-metadata:base": text, "context:base": "input:other", "input-metadata:bad": "no"])
    #expect(configs["base"]?.config.environment == ["A=1"] && configs["other"]?.config.environment == ["A=1"] && configs["bad"] == nil)
  }

  @Test func badNumbersAndOutputsAreRefused() {
    #expect(throws: HullError.self) { try request(["memory": "x"]) }
    #expect(throws: HullError.self) { try request(["ulimit": "nofile"]) }
    #expect(throws: HullError.self) { try request([:], [("floppy", [:])]) }
  }

  @Test func aResultKnowsItsBuild() {
    #expect(ResultName("ref/123").build == "ref" && ResultName("ref/123").platform == nil)
    let name = ResultName("a/b/123#linux/arm/v7")
    #expect(name.build == "a/b" && name.result == "a/b/123" && name.platform == "linux/arm/v7" && name.description == "a/b/123#linux/arm/v7")
  }
}
