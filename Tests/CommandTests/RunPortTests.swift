// SPDX-License-Identifier: Apache-2.0
import Testing

/// What docker's own client (28.2, API 1.50) sends for these flags: see `Recorded`.
@Suite struct RunPortTests {
  private static let ports = Recorded.lines(
    #"""
    -p 80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{}]}}}
    -p 8080:80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8080"}]}}}
    -p 8080:80/udp => {"ExposedPorts":{"80/udp":{}},"HostConfig":{"PortBindings":{"80/udp":[{"HostPort":"8080"}]}}}
    -p 127.0.0.1:8080:80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"}]}}}
    -p 127.0.0.1::80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1"}]}}}
    -p [::1]:8080:80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"::1","HostPort":"8080"}]}}}
    -p [::]:8080:80/tcp => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"::","HostPort":"8080"}]}}}
    -p ::1:8080:80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"::1","HostPort":"8080"}]}}}
    -p 8000-8002:80-82 => {"ExposedPorts":{"80/tcp":{},"81/tcp":{},"82/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8000"}],"81/tcp":[{"HostPort":"8001"}],"82/tcp":[{"HostPort":"8002"}]}}}
    -p 9000-9010:90 => {"ExposedPorts":{"90/tcp":{}},"HostConfig":{"PortBindings":{"90/tcp":[{"HostPort":"9000-9010"}]}}}
    -p 80-82 => {"ExposedPorts":{"80/tcp":{},"81/tcp":{},"82/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{}],"81/tcp":[{}],"82/tcp":[{}]}}}
    -p 127.0.0.1:8000-8001:80-81/sctp => {"ExposedPorts":{"80/sctp":{},"81/sctp":{}},"HostConfig":{"PortBindings":{"80/sctp":[{"HostIp":"127.0.0.1","HostPort":"8000"}],"81/sctp":[{"HostIp":"127.0.0.1","HostPort":"8001"}]}}}
    -p 8080:80 -p 8081:80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8080"},{"HostPort":"8081"}]}}}
    -p 8080:80 -p 8081:80/udp -p 0.0.0.0:443:443 => {"ExposedPorts":{"443/tcp":{},"80/tcp":{},"80/udp":{}},"HostConfig":{"PortBindings":{"443/tcp":[{"HostIp":"0.0.0.0","HostPort":"443"}],"80/tcp":[{"HostPort":"8080"}],"80/udp":[{"HostPort":"8081"}]}}}
    -p target=80,published=8080,protocol=udp => {"ExposedPorts":{"80/udp":{}},"HostConfig":{"PortBindings":{"80/udp":[{"HostPort":"8080"}]}}}
    -p published=8080,target=80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8080"}]}}}
    -p target=80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{}]}}}
    -p mode=host,target=80,published=8080 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8080"}]}}}
    -p target=80,foo=1 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{}]}}}
    -p published=8080 => no port specified: 8080:/tcp<empty>
    -p x:80 => invalid hostPort: x
    -p 80/foo => invalid proto: foo
    -p 8080:80/TCP => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8080"}]}}}
    -p 1-3:80-81 => invalid ranges specified for container and host Ports: 80-81 and 1-3
    -p 70000:80 => invalid hostPort: 70000
    -p 8080:70000 => invalid containerPort: 70000
    -p 80-70:1 => invalid hostPort: 80-70
    -p 0:80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"0"}]}}}
    -p 8080:0 => {"ExposedPorts":{"0/tcp":{}},"HostConfig":{"PortBindings":{"0/tcp":[{"HostPort":"8080"}]}}}
    -p localhost:8080:80 => invalid IP address: localhost
    -p 1.2.3:80:80 => invalid IP address: 1.2.3
    -p [fe80::1%eth0]:80:80 => invalid IP address: fe80::1%eth0
    -p : => no port specified: :<empty>
    -p :80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{}]}}}
    -p 80: => no port specified: 80:<empty>
    -p 8080:80/ => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8080"}]}}}
    -P --expose 80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PublishAllPorts":true}}
    --expose 80-82/udp --expose 53 => {"ExposedPorts":{"53/tcp":{},"80/udp":{},"81/udp":{},"82/udp":{}}}
    --expose 80/foo => {"ExposedPorts":{"80/foo":{}}}
    --expose 80:81 => invalid port format for --expose: 80:81
    --expose x => invalid range format for --expose: x, error: strconv.ParseUint: parsing "x": invalid syntax
    --expose 90-80 => invalid range format for --expose: 90-80, error: invalid range specified for port: 90-80
    --expose 80 -p 8080:80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8080"}]}}}
    --expose 70000 => invalid range format for --expose: 70000, error: strconv.ParseUint: parsing "70000": value out of range
    --expose 80/ => {"ExposedPorts":{"80/tcp":{}}}
    --expose 80,81 => invalid range format for --expose: 80,81, error: strconv.ParseUint: parsing "80,81": invalid syntax
    -p 80,81 => invalid containerPort: 80,81
    -p 8000-8001:80 -p 90:91 => {"ExposedPorts":{"80/tcp":{},"91/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8000-8001"}],"91/tcp":[{"HostPort":"90"}]}}}
    -p 8000-8001: => no port specified: 8000-8001:<empty>
    -p 1-2:3:4 => invalid IP address: 1-2
    -p a=b => no port specified: :/tcp<empty>
    -p target=80,published=8080,protocol=bad => invalid proto: bad
    -p target=80-81,published=8080-8081 => {"ExposedPorts":{"80/tcp":{},"81/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8080"}],"81/tcp":[{"HostPort":"8081"}]}}}
    -p target=80, => invalid publish opts format (should be name=value but got '')
    -p target=80,x => invalid publish opts format (should be name=value but got 'x')
    -p 0.0.0.0:8080-8081:80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080-8081"}]}}}
    -p 8080:80/udp,tcp => invalid proto: udp,tcp
    -p [::1]::80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"::1"}]}}}
    -p ::80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{}]}}}
    -p +80:80 => invalid hostPort: +80
    -p 080:80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"80"}]}}}
    -p 80:80 -p 80:80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"80"},{"HostPort":"80"}]}}}
    -p 10.0.0.1-10.0.0.2:80:80 => invalid IP address: 10.0.0.1-10.0.0.2
    -p [10.0.0.1]:80:80 => {"ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"10.0.0.1","HostPort":"80"}]}}}
    -p 0.0.0.0:80 => invalid hostPort: 0.0.0.0
    -p 80:80 --expose 90 --expose 80/udp -P => {"ExposedPorts":{"80/tcp":{},"80/udp":{},"90/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"80"}]},"PublishAllPorts":true}}
    """#)

  @Test(arguments: ports)
  func portsArePublishedAsDockerAsks(line: Recorded.Line) throws {
    #expect(Recorded.result(of: line.words) == line.result)
  }
}
