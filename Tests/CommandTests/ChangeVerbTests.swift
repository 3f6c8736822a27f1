// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HullCommands

extension VerbTests {
  @Suite struct ChangeVerbs {
    private func recreate(_ words: String...) throws -> (asked: [String], status: Int32, output: String, errors: String) {
      let engine = try EngineDouble(["POST /hull/containers/c/recreate": #"{"Id":"new","Warnings":["mind the gap"]}"#])
      let result = engine.run(["container", "recreate", "c"] + words)
      return (engine.asked, result.status, result.output, result.errors)
    }

    private func body(_ words: [String]) throws -> String {
      let flags = RecreateRequest.flags
      let blank = Invocation(path: "container recreate", flags: flags, host: nil)
      let call = try #require(try FlagParser(flags: flags, interspersed: true).parse(["c"] + words, into: blank))
      return try RecreateRequest.body(call).inOrder.encoded()
    }

    @Test func recreatePrintsTheNewID() throws {
      let result = try recreate("--with", "-e", "A=1", "--image", "img:2")
      #expect(result.asked == [#"POST /hull/containers/c/recreate {"Config":{"Env":["A=1"]},"Image":"img:2"}"#])
      #expect((result.status, result.output, result.errors) == (0, "new\n", "WARNING: mind the gap\n"))
    }

    @Test(arguments: [
      ("", "{}"), ("--restart no", #"{"HostConfig":{"RestartPolicy":{"MaximumRetryCount":0,"Name":"no"}}}"#),
      ("--privileged=false --memory 64m", #"{"HostConfig":{"Memory":67108864,"Privileged":false}}"#),
      ("-p 8080:80", #"{"Config":{"ExposedPorts":{"80/tcp":{}}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"}]}}}"#),
      ("-v data:/d -v /anonymous", #"{"Config":{"Volumes":{"/anonymous":{}}},"HostConfig":{"Binds":["data:/d"]}}"#),
      ("-v data:/d", #"{"HostConfig":{"Binds":["data:/d"]}}"#), ("-t=false", #"{"Config":{"Tty":false}}"#),
      ("--hostname h --user u --workdir /w", #"{"Config":{"Hostname":"h","User":"u","WorkingDir":"/w"}}"#),
      (
        "--network n --ip 10.0.0.9",
        #"{"HostConfig":{"NetworkMode":"n"},"NetworkingConfig":{"EndpointsConfig":{"n":{"IPAMConfig":{"IPv4Address":"10.0.0.9"}}}}}"#
      ),
      ("--net n", #"{"HostConfig":{"NetworkMode":"n"}}"#), ("--dns-opt a --dns 1.1.1.1", #"{"HostConfig":{"Dns":["1.1.1.1"],"DnsOptions":["a"]}}"#),
      ("--no-healthcheck", #"{"Config":{"Healthcheck":{"Test":["NONE"]}}}"#),
      ("--security-opt systempaths=unconfined", #"{"HostConfig":{"MaskedPaths":[],"ReadonlyPaths":[]}}"#),
    ])
    func onlyWhatTheFlagsSayIsChanged(words: String, expected: String) throws {
      #expect(try body(words.split(separator: " ").map(String.init)) == expected)
    }

    @Test func everyFlagOfRecreateChangesSomething() {
      for flag in RecreateRequest.flags where flag.spells == nil { #expect(RecreateRequest.known.contains(flag.name), "--\(flag.name)") }
    }

    @Test func anAddressNeedsItsNetwork() throws {
      #expect(try recreate("--ip", "10.0.0.9").errors == "--ip needs --network: name the network that it is for\n")
    }

    @Test func mountsComeInBothForms() throws {
      #expect(
        try MountSpec.either("type=bind,source=/a,target=/b,readonly") == ["Type": "bind", "Source": "/a", "Target": "/b", "ReadOnly": true])
      #expect(
        try MountSpec.either("/a:/b:ro,rslave")
          == ["Type": "bind", "Source": "/a", "Target": "/b", "ReadOnly": true, "BindOptions": ["CreateMountpoint": true, "Propagation": "rslave"]])
      #expect(try MountSpec.either("data:/d:nocopy") == ["Type": "volume", "Source": "data", "Target": "/d", "VolumeOptions": ["NoCopy": true]])
      #expect(try MountSpec.either("/d") == ["Type": "volume", "Target": "/d"])
      #expect(try MountSpec.either("/a=b:/d")["Source"] == "/a=b")
      for wrong in ["", "data", "a:b", "a:/", "/a:/b:z", "data:/d:shared", "/a:/b:nocopy", "a:/b:ro:c", "type=bind,source=/a"] {
        #expect(throws: (any Error).self, "\(wrong)") { try MountSpec.either(wrong) }
      }
    }

    @Test func mountsOfARunningContainerComeAndGo() throws {
      let engine = try EngineDouble(["POST /hull/containers/c/mounts": "", "DELETE /hull/containers/c/mounts": ""])
      #expect(engine.run(["container", "mount", "add", "c", "data:/d"]) == (0, "", ""))
      let second = try EngineDouble(["DELETE /hull/containers/c/mounts": ""])
      #expect(second.run(["container", "mount", "rm", "c", "/d/"]) == (0, "", ""))
      #expect(engine.asked == [#"POST /hull/containers/c/mounts {"Type":"volume","Source":"data","Target":"/d"}"#])
      #expect(second.asked == ["DELETE /hull/containers/c/mounts?path=%2Fd"])
    }
  }
}
