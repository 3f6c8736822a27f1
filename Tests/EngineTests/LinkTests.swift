// SPDX-License-Identifier: Apache-2.0
import Addressing
import Testing

@testable import Engine
@testable import EngineStore

@Suite struct LinkTests {
  private func variables(_ ports: [String], environment: [String] = [], address: String? = "172.17.0.2") throws -> [String] {
    LinkEnvironment(
      alias: "my-db", name: "/web/my-db", address: address.flatMap { IPAddress($0) }, ports: try ports.map { try PortKey($0) },
      environment: environment
    ).variables
  }

  @Test func eachPortIsTold() throws {
    #expect(
      try variables(["6379/tcp"]) == [
        "MY_DB_PORT=tcp://172.17.0.2:6379", "MY_DB_PORT_6379_TCP=tcp://172.17.0.2:6379", "MY_DB_PORT_6379_TCP_ADDR=172.17.0.2",
        "MY_DB_PORT_6379_TCP_PORT=6379", "MY_DB_PORT_6379_TCP_PROTO=tcp", "MY_DB_NAME=/web/my-db",
      ])
  }

  @Test func theFirstIsTheLowestOfTCP() throws {
    #expect(try variables(["53/udp", "9000/tcp", "80/tcp"]).first == "MY_DB_PORT=tcp://172.17.0.2:80")
    #expect(try variables(["54/udp", "53/udp"]).first == "MY_DB_PORT=udp://172.17.0.2:53")
  }

  @Test func portsInARowAreToldAsARangeToo() throws {
    let found = try variables(["8080/tcp", "8082/tcp", "8081/tcp", "9000/tcp", "8083/udp", "65535/udp"])
    #expect(
      found.filter { $0.contains("_START") || $0.contains("_END") } == [
        "MY_DB_PORT_8080_TCP_START=tcp://172.17.0.2:8080", "MY_DB_PORT_8080_TCP_PORT_START=8080", "MY_DB_PORT_8080_TCP_END=tcp://172.17.0.2:8082",
        "MY_DB_PORT_8080_TCP_PORT_END=8082",
      ])
    #expect(found.count == 1 + 6 * 4 + 4 + 1)
  }

  @Test func theOthersVariablesAreToldButForWhatEachHasOfItsOwn() throws {
    let found = try variables([], environment: ["HOME=/root", "PATH=/bin", "A=b=c", "NONE", "EMPTY=", "HOMES=x"])
    #expect(found == ["MY_DB_NAME=/web/my-db", "MY_DB_ENV_A=b=c", "MY_DB_ENV_EMPTY=", "MY_DB_ENV_HOMES=x"])
  }

  @Test(arguments: [("a", "a", "a"), ("/a:b", "a", "b"), ("a:/x/b", "a", "b"), ("a:", "a", "a")])
  func aLinkIsANameAndAnAlias(_ text: String, _ target: String, _ alias: String) {
    #expect(Link(text).map { [$0.target, $0.alias] } == [target, alias])
  }

  @Test(arguments: ["", ":", ":b", "a:b:c"]) func whatIsNoLinkIsNone(_ text: String) { #expect(Link(text) == nil) }

  @Test(arguments: ["", "x", "80/", "80/icmp", "9-8", "80-", "70000", "8:8", "0"]) func whatIsNoPortIsNoFilter(_ text: String) {
    #expect(throws: (any Error).self) { try PortFilter("publish", text) }
  }

  @Test func hostsFollowAndForget() throws {
    let path = "/tmp/hull-link-test-\(UInt64.random(in: 0 ... .max))"
    defer { try? HostFiles.removeTree(path) }
    try HostFiles.write("127.0.0.1\tlocalhost\n172.17.0.2\tdb called\n# 1.2.3.4 db\n192.0.2.1 own  name\n", to: path)
    var endpoint = EndpointRecord(network: "bridge", networkID: "1", id: "2", interface: "eth0")
    endpoint.ipv4 = "172.17.0.9/16"
    try LinkedHosts(path: path).set("db", endpoint)
    #expect(HostFiles.text(path) == "127.0.0.1\tlocalhost\n172.17.0.9\tdb called\n# 1.2.3.4 db\n192.0.2.1 own  name\n")
    try LinkedHosts(path: path).remove("called")
    try LinkedHosts(path: path).remove("db")
    #expect(HostFiles.text(path) == "127.0.0.1\tlocalhost\n# 1.2.3.4 db\n192.0.2.1 own  name\n")
  }
}
