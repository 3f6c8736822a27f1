// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HullCommands

/// What docker's own client (28.2, API 1.50) sends for `network create` and `network connect`: the members that differ from a plain call's.
@Suite struct NetworkRequestTests {
  private static let creations = Recorded.lines(
    #"""
    n => {}
    --attachable --ingress --internal --config-only --config-from base --scope swarm -d macvlan --ipam-driver foo n => {"Attachable":true,"ConfigFrom":{"Network":"base"},"ConfigOnly":true,"Driver":"macvlan","IPAM":{"Driver":"foo"},"Ingress":true,"Internal":true,"Scope":"swarm"}
    --ipv6 n => {"EnableIPv6":true}
    --ipv6=false n => {"EnableIPv6":false}
    --ipv4=false n => {"EnableIPv4":false}
    --ipv4 n => {"EnableIPv4":true}
    --subnet 10.1.0.0/16 n => {"IPAM":{"Config":[{"Subnet":"10.1.0.0/16"}]}}
    --subnet 10.1.0.0/16 --gateway 10.1.0.1 --ip-range 10.1.5.0/24 n => {"IPAM":{"Config":[{"Gateway":"10.1.0.1","IPRange":"10.1.5.0/24","Subnet":"10.1.0.0/16"}]}}
    --subnet 10.1.0.0/16 --subnet fd00::/64 --gateway 10.1.0.1 --gateway fd00::1 --ip-range fd00::/80 --aux-address a=10.1.0.7 --aux-address b=fd00::7 n => {"IPAM":{"Config":[{"AuxiliaryAddresses":{"a":"10.1.0.7"},"Gateway":"10.1.0.1","Subnet":"10.1.0.0/16"},{"AuxiliaryAddresses":{"b":"fd00::7"},"Gateway":"fd00::1","IPRange":"fd00::/80","Subnet":"fd00::/64"}]}}
    --subnet 10.1.0.0/16 --aux-address a=10.1.0.7,b=10.1.0.8 n => no matching subnet for aux-address 10.1.0.7,b=10.1.0.8
    --gateway 10.1.0.1 n => every ip-range or gateway must have a corresponding subnet
    --subnet 10.1.0.0/16 --gateway 10.2.0.1 n => no matching subnet for gateway 10.2.0.1
    --ip-range 10.1.0.0/24 n => every ip-range or gateway must have a corresponding subnet
    --subnet 10.1.0.0/16 --ip-range 10.2.0.0/24 n => no matching subnet for range 10.2.0.0/24
    --subnet 10.1.0.0/16 --subnet 10.1.5.0/24 n => multiple overlapping subnet configuration is not supported
    --subnet bad n => {"IPAM":{"Config":[{"Subnet":"bad"}]}}
    --subnet 10.1.0.5/16 n => {"IPAM":{"Config":[{"Subnet":"10.1.0.5/16"}]}}
    --subnet 10.1.0.0/16 --gateway bad n => no matching subnet for gateway bad
    --subnet 10.1.0.0/16 --ip-range bad n => invalid CIDR address: bad
    --subnet 10.1.0.0/16 --gateway 10.1.0.1 --gateway 10.1.0.2 n => every ip-range or gateway must have a corresponding subnet
    --subnet 10.1.0.0/16 --ip-range 10.1.0.0/24 --ip-range 10.1.1.0/24 n => every ip-range or gateway must have a corresponding subnet
    --subnet 10.1.0.0/16 --aux-address a=10.9.0.7 n => no matching subnet for aux-address 10.9.0.7
    --subnet 10.1.0.0/16 --aux-address a=bad n => no matching subnet for aux-address bad
    --aux-address a=10.1.0.1 n => no matching subnet for aux-address 10.1.0.1
    --ipam-opt a=b --ipam-opt c n => {"IPAM":{"Options":{"a":"b","c":""}}}
    --label a=b --label c --label d= n => {"Labels":{"a":"b","c":"","d":""}}
    -o com.docker.network.bridge.name=br9 -o x n => {"Options":{"com.docker.network.bridge.name":"br9","x":""}}
    -o parent=eth0 --opt b=c -d ipvlan n => {"Driver":"ipvlan","Options":{"b":"c","parent":"eth0"}}
    --scope local n => {"Scope":"local"}
    --internal=false n => {}
    --subnet 10.1.0.0 n => {"IPAM":{"Config":[{"Subnet":"10.1.0.0"}]}}
    --subnet bad --subnet 10.0.0.0/8 n => invalid subnet: invalid CIDR address: bad
    --subnet 10.0.0.0/8 --subnet bad n => invalid subnet: invalid CIDR address: bad
    --subnet 10.0.0.0/8 --subnet 10.0.0.0/8 n => multiple overlapping subnet configuration is not supported
    --subnet 10.1.5.0/24 --subnet 10.1.0.0/16 n => multiple overlapping subnet configuration is not supported
    --subnet 10.0.0.0/8 --subnet 11.0.0.0/8 --gateway 10.0.0.1 --gateway 10.0.0.2 n => cannot configure multiple gateways (10.0.0.2, 10.0.0.1) for the same subnet (10.0.0.0/8)
    --subnet 10.0.0.0/8 --subnet 11.0.0.0/8 --ip-range 10.0.0.0/24 --ip-range 10.0.1.0/24 n => cannot configure multiple ranges (10.0.1.0/24, 10.0.0.0/24) on the same subnet (10.0.0.0/8)
    --subnet 10.0.0.0/8 --ip-range 10.0.0.5 n => invalid CIDR address: 10.0.0.5
    --subnet 10.0.0.0/8 --ip-range 10.0.0.0/4 n => {"IPAM":{"Config":[{"IPRange":"10.0.0.0/4","Subnet":"10.0.0.0/8"}]}}
    --subnet 10.0.0.0/8 --gateway 10.0.0.1/24 n => {"IPAM":{"Config":[{"Gateway":"10.0.0.1/24","Subnet":"10.0.0.0/8"}]}}
    --subnet bad --gateway 10.0.0.1 n => invalid subnet: invalid CIDR address: bad
    --subnet bad --ip-range 10.0.0.1/24 n => invalid subnet: invalid CIDR address: bad
    --subnet bad --aux-address a=10.0.0.1 n => invalid subnet: invalid CIDR address: bad
    --subnet fd00::/64 --gateway fd00:1::1 n => no matching subnet for gateway fd00:1::1
    --subnet fd00::/64 --gateway fd00::1 --ip-range fd00::/80 n => {"IPAM":{"Config":[{"Gateway":"fd00::1","IPRange":"fd00::/80","Subnet":"fd00::/64"}]}}
    --subnet fd00::/64 --ip-range 10.0.0.0/8 n => no matching subnet for range 10.0.0.0/8
    --subnet 10.0.0.0/8 --aux-address =10.0.0.1 n => {"IPAM":{"Config":[{"AuxiliaryAddresses":{"":"10.0.0.1"},"Subnet":"10.0.0.0/8"}]}}
    --subnet 10.0.0.0/8 --aux-address a=10.0.0.1 --aux-address a=10.0.0.2 n => {"IPAM":{"Config":[{"AuxiliaryAddresses":{"a":"10.0.0.2"},"Subnet":"10.0.0.0/8"}]}}
    --subnet 10.0.0.5/8 --gateway 10.9.0.1 n => {"IPAM":{"Config":[{"Gateway":"10.9.0.1","Subnet":"10.0.0.5/8"}]}}
    --subnet 10.0.0.0/8 --subnet 0.0.0.0/0 n => multiple overlapping subnet configuration is not supported
    --subnet 10.1.0.0/16 --gateway fd00::1 n => no matching subnet for gateway fd00::1
    --subnet 10.1.0.0/16 --gateway ::ffff:10.1.0.1 n => {"IPAM":{"Config":[{"Gateway":"::ffff:10.1.0.1","Subnet":"10.1.0.0/16"}]}}
    --subnet 010.1.0.0/16 --gateway 10.1.0.1 n => invalid subnet: invalid CIDR address: 010.1.0.0/16
    --subnet 10.1.0.0/33 --gateway 10.1.0.1 n => invalid subnet: invalid CIDR address: 10.1.0.0/33
    """#)

  private static let connections = Recorded.lines(
    #"""
    n c => {}
    --ip 10.0.0.5 --ip6 fd00::5 --alias a --alias b,c --link db:x --link-local-ip 169.254.1.1 --driver-opt k=v --driver-opt k2=v2 --gw-priority 3 n c => {"EndpointConfig":{"Aliases":["a","b","c"],"DriverOpts":{"k":"v","k2":"v2"},"GwPriority":3,"IPAMConfig":{"IPv4Address":"10.0.0.5","IPv6Address":"fd00::5","LinkLocalIPs":["169.254.1.1"]},"Links":["db:x"]}}
    --ip bad n c => {"EndpointConfig":{"IPAMConfig":{"IPv4Address":"bad"}}}
    --driver-opt k n c => invalid key/value pair format in driver options
    --driver-opt a=b,c=d n c => {"EndpointConfig":{"DriverOpts":{"a":"b","c":"d"}}}
    --gw-priority x n c => invalid argument "x" for "--gw-priority" flag: strconv.ParseInt: parsing "x": invalid syntax
    --gw-priority -2 n c => {"EndpointConfig":{"GwPriority":-2}}
    --link a:b:c n c => invalid argument "a:b:c" for "--link" flag: bad format for links: a:b:c
    """#)

  private static func result(_ command: Command, _ words: [String], plain: [String], _ body: (Invocation) throws -> JSON) -> String {
    do {
      let parser = FlagParser(flags: command.flags(), interspersed: true)
      let blank = Invocation(path: "", flags: command.flags(), host: nil)
      let call = try #require(try parser.parse(words, into: blank))
      let usual = try #require(try parser.parse(plain, into: blank))
      return Recorded.text(Recorded.difference(try body(call).object, from: try body(usual).object))
    } catch {
      return Recorded.message(error)
    }
  }

  @Test(arguments: creations)
  func networksAreMadeAsDockerAsks(line: Recorded.Line) {
    #expect(Self.result(NetworkCreate.command, line.words, plain: ["n"], NetworkCreate.body) == line.result)
  }

  @Test(arguments: connections)
  func containersAreConnectedAsDockerAsks(line: Recorded.Line) {
    #expect(Self.result(NetworkConnect.command, line.words, plain: ["n", "c"], NetworkConnect.body) == line.result)
  }

  @Test func aPlainCallSaysWhatDockerSays() throws {
    let create = NetworkCreate.command
    let call = try #require(
      try FlagParser(flags: create.flags(), interspersed: true).parse(["n"], into: Invocation(path: "", flags: create.flags(), host: nil)))
    #expect(
      try NetworkCreate.body(call).inOrder.encoded()
        == #"{"Attachable":false,"ConfigFrom":null,"ConfigOnly":false,"Driver":"bridge","IPAM":{"Config":[],"Driver":"default","Options":{}},"Ingress":false,"Internal":false,"Labels":{},"Name":"n","Options":{},"Scope":""}"#
    )
  }
}
