// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import Foundation
import Testing

@Suite struct GoSemanticsTests {
  private func text(_ value: some Encodable) throws -> String { String(decoding: try DockerJSON.encode(value), as: UTF8.self) }

  private func object(_ value: some Encodable) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: try DockerJSON.encode(value)) as? [String: Any])
  }

  @Test func missingAndNullFieldsAreZero() throws {
    let json = #"{"Image":"busybox","Cmd":null,"Tty":null,"HostConfig":{"Memory":null,"Binds":["/a:/b"]},"Unknown":{"x":1}}"#
    let request = try DockerJSON.decode(ContainerCreateRequest.self, from: json.utf8)
    #expect(request.config.image == "busybox")
    #expect(request.config.cmd == nil)
    #expect(!request.config.tty)
    #expect(request.hostConfig.memory == 0)
    #expect(request.hostConfig.binds == ["/a:/b"])
    #expect(request.networkingConfig.endpointsConfig == nil)
  }

  @Test func aCommandMayBeOneString() throws {
    let config = try DockerJSON.decode(ContainerConfig.self, from: #"{"Cmd":"ls","Entrypoint":["/bin/sh","-c"]}"#.utf8)
    #expect(config.cmd == ["ls"])
    #expect(config.entrypoint == ["/bin/sh", "-c"])
  }

  @Test func nilSlicesAreWrittenAsNullAndEmptyValuesAreOmittedWhereGoOmitsThem() throws {
    let config = try object(ContainerConfig())
    #expect(config["Env"] is NSNull)
    #expect(config["Image"] as? String == "")
    #expect(config["StopSignal"] == nil)
    #expect(config["Healthcheck"] == nil)
    let host = try object(HostConfig())
    #expect(host["Binds"] is NSNull)
    #expect(host["ConsoleSize"] as? [Int] == [0, 0])
    #expect(host["Tmpfs"] == nil)
    #expect(host["PidsLimit"] is NSNull)
  }

  @Test func aHostConfigComesBackAsItWas() throws {
    var host = HostConfig()
    host.memory = 1 << 30
    host.binds = ["/a:/b:ro"]
    host.portBindings = ["80/tcp": [PortBinding()], "81/tcp": nil]
    host.ulimits = [Ulimit()]
    host.runInit = true
    host.tmpfs = ["/x": "size=1m"]
    #expect(try DockerJSON.decode(HostConfig.self, from: try DockerJSON.encode(host)) == host)
  }

  @Test func aWrongTypeNamesTheField() {
    let error = #expect(throws: HullError.self) {
      try DockerJSON.decode(ContainerCreateRequest.self, from: #"{"Image":"x","HostConfig":{"Memory":"much"}}"#.utf8)
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains("HostConfig.Memory") == true)
  }

  @Test(arguments: [#"{"Memory":1.5}"#, #"{"Memory":1e300}"#, #"{"memory":"1"}"#])
  func aNumberThatDoesNotFitNamesTheField(json: String) {
    let error = #expect(throws: HullError.self) { try DockerJSON.decode(HostConfig.self, from: json.utf8) }
    #expect(error?.message.contains("Memory") == true)
  }

  @Test func namesOfFieldsGoInAnyCase() throws {
    let config = try DockerJSON.decode(ContainerConfig.self, from: #"{"image":"x","CMD":["true"]}"#.utf8)
    #expect(config.image == "x")
    #expect(config.cmd == ["true"])
  }

  @Test func whatIsNotJSONIsSaidToBeNone() {
    let error = #expect(throws: HullError.self) { try DockerJSON.decode(ContainerConfig.self, from: "{\"a\":".utf8) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.hasPrefix("invalid JSON at byte 5") == true)
  }

  @Test func slashesAreNotEscaped() throws {
    var response = ContainerWaitError()
    response.message = "/a/b"
    #expect(try text(response) == #"{"Message":"/a/b"}"#)
  }

  @Test func filtersComeInTwoForms() throws {
    let lists = try Filters(parsing: #"{"name":["a","b"]}"#)
    let maps = try Filters(parsing: #"{"name":{"a":true,"b":true}}"#)
    #expect(lists["name"] == ["a", "b"])
    #expect(lists == maps)
    #expect(try Filters(parsing: "").isEmpty)
    #expect(throws: HullError.self) { try Filters(parsing: "[1]") }
  }

  @Test func labelFiltersMustAllHold() throws {
    let filters = Filters(["label": ["a", "b=2"]])
    #expect(filters.matchLabels(["a": "", "b": "2"]))
    #expect(!filters.matchLabels(["a": "", "b": "3"]))
    #expect(!filters.matchLabels(["b": "2"]))
    #expect(throws: HullError.self) { try filters.validate(accepted: ["name"]) }
  }
}
