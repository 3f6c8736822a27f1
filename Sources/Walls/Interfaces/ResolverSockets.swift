// SPDX-License-Identifier: Apache-2.0
import Addressing
import CLinux
import Errors
import Glibc
import LinuxSystem
import Netlink

extension Interfaces {
  /// Where workloads ask for names, as in Docker.
  package static let resolverAddress = IPAddress(.v4, 0x7F00_000B)

  /// Sockets at 127.0.0.11 in the workload's namespace, on ports that the kernel chooses, and the redirect of port 53 to them: the workload may
  /// bind port 53 itself. UDP, and listening TCP; non-blocking, close-on-exec. The caller closes them.
  package static func resolverSockets(namespace: Int32) throws(HullError) -> (udp: Int32, tcp: Int32) {
    try step("open the name server's sockets") { () throws(SystemError) in
      let pair = try NetworkNamespace.visit(namespace) { () throws(SystemError) in
        let udp = try bound(Int32(SOCK_DGRAM.rawValue))
        let tcp = try bound(Int32(SOCK_STREAM.rawValue))
        try checked("listen") { listen(tcp.number, 64) }
        let redirect = PortRedirect(address: resolverAddress, port: 53, udp: try port(udp.number), tcp: try port(tcp.number), table: "hull_names")
        try redirect.install(NetlinkSocket(NetlinkFamily.netfilter))
        return DescriptorPair(first: udp.take(), second: tcp.take())
      }
      return (pair.first, pair.second)
    }
  }

  private static func bound(_ type: Int32) throws(SystemError) -> OwnedDescriptor {
    let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let socket = OwnedDescriptor(try checked("socket") { Glibc.socket(AF_INET, type | flags, 0) })
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(resolverAddress.value).bigEndian
    try checked("bind \(resolverAddress)") {
      withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket.number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
      }
    }
    return socket
  }

  private static func port(_ socket: Int32) throws(SystemError) -> UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    try checked("getsockname") {
      withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
      }
    }
    return UInt16(bigEndian: address.sin_port)
  }
}
