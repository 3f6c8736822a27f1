// SPDX-License-Identifier: Apache-2.0
import Testing

/// What docker's own client (28.2, API 1.50) sends for these flags: see `Recorded`.
@Suite struct RunNetworkTests {
  private static let networks = Recorded.lines(
    #"""
    --network n1 => {"HostConfig":{"NetworkMode":"n1"}}
    --network name=n1 => {"HostConfig":{"NetworkMode":"n1"}}
    --network name=n1,alias=a,alias=b,ip=10.0.0.5,ip6=fd00::5,mac-address=02:42:AC:11:00:02,driver-opt=k=v,driver-opt=k2=v2,gw-priority=7 => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"Aliases":["a","b"],"DriverOpts":{"k":"v","k2":"v2"},"GwPriority":7,"IPAMConfig":{"IPv4Address":"10.0.0.5","IPv6Address":"fd00::5"},"MacAddress":"02:42:ac:11:00:02"}}}}
    --network name=n1,link-local-ip=169.254.1.1,link-local-ip=fe80::1 => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"IPAMConfig":{"LinkLocalIPs":["169.254.1.1","fe80::1"]}}}}}
    --network n1 --network n2 => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{},"n2":{}}}}
    --network n1 --network name=n2,alias=x --network-alias y => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"Aliases":["y"]},"n2":{"Aliases":["x"]}}}}
    --network n1 --network-alias a --network-alias b => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"Aliases":["a","b"]}}}}
    --network n1 --net-alias a => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"Aliases":["a"]}}}}
    --network n1 --ip 10.0.0.5 --ip6 fd00::5 => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"IPAMConfig":{"IPv4Address":"10.0.0.5","IPv6Address":"fd00::5"}}}}}
    --ip 10.0.0.5 => {"NetworkingConfig":{"EndpointsConfig":{"default":{"IPAMConfig":{"IPv4Address":"10.0.0.5"}}}}}
    --network bridge --ip 10.0.0.5 => {"HostConfig":{"NetworkMode":"bridge"},"NetworkingConfig":{"EndpointsConfig":{"bridge":{"IPAMConfig":{"IPv4Address":"10.0.0.5"}}}}}
    --network n1 --link-local-ip 169.254.1.1 --link-local-ip fe80::1 => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"IPAMConfig":{"LinkLocalIPs":["169.254.1.1","fe80::1"]}}}}}
    --network n1 --mac-address 02:42:AC:11:00:02 => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"MacAddress":"02:42:AC:11:00:02"}}}}
    --mac-address 02-42-ac-11-00-02 => {"NetworkingConfig":{"EndpointsConfig":{"default":{"MacAddress":"02-42-ac-11-00-02"}}}}
    --mac-address 0242.ac11.0002 => {"NetworkingConfig":{"EndpointsConfig":{"default":{"MacAddress":"0242.ac11.0002"}}}}
    --network host => {"HostConfig":{"NetworkMode":"host"}}
    --net none => {"HostConfig":{"NetworkMode":"none"}}
    --network container:abc => {"HostConfig":{"NetworkMode":"container:abc"}}
    --network host --network n1 => conflicting options: cannot attach both user-defined and non-user-defined network-modes
    --network n1 --link db:alias => {"HostConfig":{"Links":["db:alias"],"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"Links":["db:alias"]}}}}
    --link db:alias --link web => {"HostConfig":{"Links":["db:alias","web"]}}
    --network n1 --network-alias a --network name=n2,ip=1.2.3.4 => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"Aliases":["a"]},"n2":{"IPAMConfig":{"IPv4Address":"1.2.3.4"}}}}}
    --network name=n1,alias=z --network-alias y => conflicting options: cannot specify both --network-alias and per-network alias
    --network name=n1,ip=10.0.0.7 --ip 10.0.0.8 => conflicting options: cannot specify both --ip and per-network IPv4 address
    --network name=n1,mac-address=02:42:ac:11:00:02 --mac-address 02:42:ac:11:00:03 => conflicting options: cannot specify both --mac-address and per-network MAC address
    --network name=n1,link-local-ip=169.254.1.2 --link-local-ip 169.254.1.1 => conflicting options: cannot specify both --link-local-ip and per-network link-local IP addresses
    --network-alias a => network-scoped aliases are only supported for user-defined networks
    --network host --network-alias a => network-scoped aliases are only supported for user-defined networks
    --network n1 --network n1 => network "n1" is specified multiple times
    --network name=n1,foo=bar => invalid argument "name=n1,foo=bar" for "--network" flag: invalid field key foo
    --network alias=bar => invalid argument "alias=bar" for "--network" flag: network name/id is not specified
    --network name=n1,gw-priority=x => invalid argument "name=n1,gw-priority=x" for "--network" flag: invalid gw-priority (x): invalid syntax
    --network name=n1,driver-opt=k => invalid argument "name=n1,driver-opt=k" for "--network" flag: invalid key value pair format in driver options
    --network name=n1,alias => invalid argument "name=n1,alias" for "--network" flag: invalid field alias
    --network name=n1,ip=bad => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"IPAMConfig":{"IPv4Address":"bad"}}}}}
    --network name=n1,ip6=10.0.0.1 => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"IPAMConfig":{"IPv6Address":"10.0.0.1"}}}}}
    --network name=n1,mac-address=zz => zz is not a valid mac address
    --network name=n1,gw-priority=-3 => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"GwPriority":-3}}}}
    --network n1 --ip bad => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"IPAMConfig":{"IPv4Address":"bad"}}}}}
    --network n1 --ip6 10.0.0.1 => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"IPAMConfig":{"IPv6Address":"10.0.0.1"}}}}}
    --network n1 --link-local-ip bad => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"IPAMConfig":{"LinkLocalIPs":["bad"]}}}}}
    --mac-address zz => zz is not a valid mac address
    --network bridge --network n1 => conflicting options: cannot attach both user-defined and non-user-defined network-modes
    --network name=bridge,alias=a => network-scoped aliases are only supported for user-defined networks
    --network name=host,ip=1.2.3.4 => {"HostConfig":{"NetworkMode":"host"},"NetworkingConfig":{"EndpointsConfig":{"host":{"IPAMConfig":{"IPv4Address":"1.2.3.4"}}}}}
    --network a=b => invalid argument "a=b" for "--network" flag: invalid field key a
    --network name=n1,=b => invalid argument "name=n1,=b" for "--network" flag: invalid field =b
    --network N1 => {"HostConfig":{"NetworkMode":"N1"}}
    --network name=n1,driver-opt==v => invalid argument "name=n1,driver-opt==v" for "--network" flag: invalid key value pair format in driver options
    --network name=n1,driver-opt=k= => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"DriverOpts":{"k":""}}}}}
    --network name=n1,gw-priority=99999999999999999999 => invalid argument "name=n1,gw-priority=99999999999999999999" for "--network" flag: invalid gw-priority (99999999999999999999): value out of range
    --network name=n1,gw-priority= => invalid argument "name=n1,gw-priority=" for "--network" flag: invalid gw-priority (): invalid syntax
    --network name=n1,mac-address= => {"HostConfig":{"NetworkMode":"n1"}}
    --network name=n1,alias= => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"Aliases":[""]}}}}
    --network name=n1,name=n2 => {"HostConfig":{"NetworkMode":"n2"}}
    --network name=n1,link=db => invalid argument "name=n1,link=db" for "--network" flag: invalid field key link
    --network name=container:x => {"HostConfig":{"NetworkMode":"container:x"}}
    --network container: => {"HostConfig":{"NetworkMode":"container:"}}
    --link a:b:c => invalid argument "a:b:c" for "--link" flag: bad format for links: a:b:c
    --link : => {"HostConfig":{"Links":[":"]}}
    --network n1 --mac-address 02:42:ac:11:00:02:03:04 => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"MacAddress":"02:42:ac:11:00:02:03:04"}}}}
    --network n1 --mac-address 2:42:ac:11:00:02 => 2:42:ac:11:00:02 is not a valid mac address
    --network bridge --link a:b => {"HostConfig":{"Links":["a:b"],"NetworkMode":"bridge"}}
    --network host --link a:b => {"HostConfig":{"Links":["a:b"],"NetworkMode":"host"}}
    --network n1 --network n2 --ip 1.2.3.4 => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"IPAMConfig":{"IPv4Address":"1.2.3.4"}},"n2":{}}}}
    --network n1 --network n2 --link a:b => {"HostConfig":{"Links":["a:b"],"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"Links":["a:b"]},"n2":{}}}}
    --network name=n2,ip6=fd00::1 --ip6 fd00::2 => conflicting options: cannot specify both --ip6 and per-network IPv6 address
    --network host --network none => {"HostConfig":{"NetworkMode":"host"},"NetworkingConfig":{"EndpointsConfig":{"host":{},"none":{}}}}
    --network container:x --network n1 => conflicting options: cannot attach both user-defined and non-user-defined network-modes
    --network container:x --ip 1.2.3.4 => {"HostConfig":{"NetworkMode":"container:x"},"NetworkingConfig":{"EndpointsConfig":{"container:x":{"IPAMConfig":{"IPv4Address":"1.2.3.4"}}}}}
    --network bridge --mac-address 02:42:ac:11:00:02 => {"HostConfig":{"NetworkMode":"bridge"},"NetworkingConfig":{"EndpointsConfig":{"bridge":{"MacAddress":"02:42:ac:11:00:02"}}}}
    --net n1 --network n2 --net n3 => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{},"n2":{},"n3":{}}}}
    --network-alias a --net-alias b --network-alias c --network n => {"HostConfig":{"NetworkMode":"n"},"NetworkingConfig":{"EndpointsConfig":{"n":{"Aliases":["a","b","c"]}}}}
    --network n1 --network-alias a,b => {"HostConfig":{"NetworkMode":"n1"},"NetworkingConfig":{"EndpointsConfig":{"n1":{"Aliases":["a,b"]}}}}
    --link a,b => {"HostConfig":{"Links":["a,b"]}}
    --link-local-ip a,b --network n => {"HostConfig":{"NetworkMode":"n"},"NetworkingConfig":{"EndpointsConfig":{"n":{"IPAMConfig":{"LinkLocalIPs":["a,b"]}}}}}
    """#)

  @Test(arguments: networks)
  func networksAreAskedForAsDockerAsks(line: Recorded.Line) throws {
    #expect(Recorded.result(of: line.words) == line.result)
  }

  private static let resolver = Recorded.lines(
    #"""
    --dns 8.8.8.8 --dns 2001:db8::1 --dns-search a.example --dns-search b.example --dns-option ndots:2 --dns-opt timeout:1 => {"HostConfig":{"Dns":["8.8.8.8","2001:db8::1"],"DnsOptions":["ndots:2","timeout:1"],"DnsSearch":["a.example","b.example"]}}
    --dns bad => invalid argument "bad" for "--dns" flag: IP address is not correctly formatted: bad
    --dns-search . => {"HostConfig":{"DnsSearch":["."]}}
    --dns-search -bad- => invalid argument "-bad-" for "--dns-search" flag: -bad- is not a valid domain
    --add-host a:1.2.3.4 --add-host b=::1 --add-host c=[::1] --add-host d:host-gateway --add-host e:::1 => {"HostConfig":{"ExtraHosts":["a:1.2.3.4","b:::1","c:::1","d:host-gateway","e:::1"]}}
    --add-host a => invalid argument "a" for "--add-host" flag: bad format for add-host: "a"
    --add-host a: => invalid argument "a:" for "--add-host" flag: invalid IP address in add-host: ""
    --add-host a:bad => invalid argument "a:bad" for "--add-host" flag: invalid IP address in add-host: "bad"
    --add-host :1.2.3.4 => invalid argument ":1.2.3.4" for "--add-host" flag: bad format for add-host: ":1.2.3.4"
    --add-host a=[1.2.3.4] => {"HostConfig":{"ExtraHosts":["a:1.2.3.4"]}}
    --add-host a=b:1.2.3.4 => invalid argument "a=b:1.2.3.4" for "--add-host" flag: invalid IP address in add-host: "b:1.2.3.4"
    --add-host a.b:[::1] => {"HostConfig":{"ExtraHosts":["a.b:::1"]}}
    --hostname h.example --domainname d => {"Domainname":"d","Hostname":"h.example"}
    --dns-search example. => {"HostConfig":{"DnsSearch":["example"]}}
    --dns-search 1.2 => invalid argument "1.2" for "--dns-search" flag: 1.2 is not a valid domain
    --dns-search a_b => invalid argument "a_b" for "--dns-search" flag: a_b is not a valid domain
    --add-host a:host-gateway:1 => invalid argument "a:host-gateway:1" for "--add-host" flag: invalid IP address in add-host: "host-gateway:1"
    --add-host a=host-gateway => {"HostConfig":{"ExtraHosts":["a:host-gateway"]}}
    --add-host a:[::1 => invalid argument "a:[::1" for "--add-host" flag: invalid IP address in add-host: "[::1"
    --add-host =1.2.3.4 => invalid argument "=1.2.3.4" for "--add-host" flag: bad format for add-host: "=1.2.3.4"
    --dns-opt a --dns-option b --dns-opt c => {"HostConfig":{"DnsOptions":["a","b","c"]}}
    --dns 1.1.1.1,2.2.2.2 => invalid argument "1.1.1.1,2.2.2.2" for "--dns" flag: IP address is not correctly formatted: 1.1.1.1,2.2.2.2
    """#)

  @Test(arguments: resolver)
  func namesAreResolvedAsDockerAsks(line: Recorded.Line) throws {
    #expect(Recorded.result(of: line.words) == line.result)
  }
}
