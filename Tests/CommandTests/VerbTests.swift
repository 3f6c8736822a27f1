// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HullCommands

/// Verbs from their words to the engine and back. One after another: the client writes to one output.
@Suite(.serialized) struct VerbTests {
  @Suite struct PortVerbs {
    private static let container = #"""
      {"NetworkSettings":{"Ports":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8080"}],"443/tcp":null,
      "1000/tcp":[{"HostIp":"127.0.0.1","HostPort":"100"},{"HostIp":"127.0.0.1","HostPort":"99"}],"53/udp":[{"HostIp":"::1","HostPort":"53"}]}}}
      """#

    private func run(_ words: String...) throws -> (status: Int32, output: String, errors: String) {
      try EngineDouble(["GET /containers/c/json": Self.container]).run(words)
    }

    @Test func publishedPortsAreListedAsDockerListsThem() throws {
      #expect(
        try run("port", "c").output == """
          53/udp -> [::1]:53
          80/tcp -> 0.0.0.0:8080
          80/tcp -> [::]:8080
          1000/tcp -> 127.0.0.1:99
          1000/tcp -> 127.0.0.1:100

          """)
      #expect(try run("container", "port", "c", "80").output == "0.0.0.0:8080\n[::]:8080\n")
      #expect(try run("port", "c", "53/udp").output == "[::1]:53\n")
    }

    @Test func aPortThatIsNotPublishedIsAnError() throws {
      #expect(try run("port", "c", "443") == (1, "", "Error: No public port '443' published for c\n"))
      #expect(try run("port", "c", "80/udp").errors == "Error: No public port '80/udp' published for c\n")
      #expect(try run("port", "c", "x").errors == "Error: invalid port (x): strconv.ParseUint: parsing \"x\": invalid syntax\n")
      #expect(try run("port").errors.hasPrefix("hull: 'hull port' requires at least 1 and at most 2 arguments\n\nUsage:  hull port CONTAINER"))
    }

    private static let exposure = #"""
      [{"Container":"web","PrivatePort":443,"Type":"tcp","HostIp":"127.0.0.1","HostPort":8443,"Reach":"host","Address":"127.0.0.1","Filter":""},
      {"Container":"web","PrivatePort":80,"Type":"tcp","HostIp":"::","HostPort":8080,"Reach":"everyone","Address":"",
      "Filter":"nft inet filter input drops it"}]
      """#

    @Test func exposureTellsWhoReachesAPort() throws {
      let engine = try EngineDouble(["GET /hull/containers/web/exposure": Self.exposure])
      #expect(
        engine.run(["port", "--exposure", "web"]).output == """
          CONTAINER   PORT      PUBLISHED        REACHABLE FROM          HOST FIREWALL
          web         80/tcp    [::]:8080        everyone                nft inet filter input drops it
          web         443/tcp   127.0.0.1:8443   this host (127.0.0.1)   -

          """)
    }

    @Test func exposureOfAllLeavesOutWhatEndedMeanwhile() throws {
      let engine = try EngineDouble([
        "GET /containers/json": #"[{"Id":"one"},{"Id":"two"}]"#, "GET /hull/containers/two/exposure": Self.exposure,
      ])
      #expect(engine.run(["port", "--exposure", "--format", "{{.Published}} {{.Reach}}"]).output == "[::]:8080 everyone\n127.0.0.1:8443 host\n")
      #expect(engine.asked == ["GET /containers/json", "GET /hull/containers/one/exposure", "GET /hull/containers/two/exposure"])
    }

    @Test func portsOfARunningContainerArePublished() throws {
      let engine = try EngineDouble(["POST /hull/containers/c/ports": ""])
      #expect(engine.run(["container", "port", "add", "c", "8080:80", "[::1]:53:53/udp"]) == (0, "", ""))
      #expect(
        engine.asked == [
          #"POST /hull/containers/c/ports {"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"}],"53/udp":[{"HostIp":"::1","HostPort":"53"}]}}"#
        ])
    }

    @Test func portsOfARunningContainerAreTakenBack() throws {
      let engine = try EngineDouble(["DELETE /hull/containers/c/ports": ""])
      #expect(engine.run(["container", "port", "rm", "c", "8080", "5000-5001/udp"]) == (0, "", ""))
      #expect(
        engine.asked == ["8080%2Ftcp", "5000%2Fudp", "5001%2Fudp"].map { "DELETE /hull/containers/c/ports?port=\($0)" })
      for wrong in ["x", "0", "80/foo", "70000", "8080:80"] {
        #expect(try EngineDouble([:]).run(["container", "port", "rm", "c", wrong]).status == 1)
      }
    }
  }
}
