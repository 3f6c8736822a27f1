// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import ShimProtocol

/// The socket by which a published port is held on the host.
enum HostSocket {
  private static let sctp: Int32 = 132
  /// The kernel takes less when `net.core.somaxconn` says so.
  private static let backlog: Int32 = 4096
  /// A burst of datagrams that waits while the shim is at something else.
  private static let receiveBuffer: Int32 = 1 << 20

  /// Non-blocking and close-on-exec; -1 and `errno` when the kernel refuses.
  static func make(_ transport: PortPlan.Transport, family: Int32) -> Int32 {
    let type = transport == .udp ? SOCK_DGRAM : SOCK_STREAM
    let flags = Int32(type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    return socket(family, flags, transport == .sctp ? sctp : 0)
  }

  /// Bound to the port and, unless it is UDP, listening.
  static func open(_ plan: PortPlan) throws(HullError) -> Int32 {
    let address = SocketAddress(plan.hostAddress, plan.hostPort)
    let socket = make(plan.transport, family: address.family)
    guard socket >= 0 else { throw PortFailure(plan, errno).error() }
    prepare(socket, plan, family: address.family)
    guard address.bind(socket) == 0, plan.transport == .udp || listen(socket, backlog) == 0 else {
      let number = errno
      close(socket)
      throw PortFailure(plan, number).error()
    }
    return socket
  }

  private static func prepare(_ socket: Int32, _ plan: PortPlan, family: Int32) {
    if family == AF_INET6 { SocketOptions.setOnlyV6(socket) }
    switch plan.transport {
    case .udp:
      SocketOptions.setReceiveBuffer(socket, receiveBuffer)
      if plan.hostAddress.isUnspecified { SocketOptions.tellLocalAddress(socket, family: family) }
    case .tcp:
      SocketOptions.set(socket, SOL_SOCKET, SO_REUSEADDR)
      SocketOptions.prepareConnections(socket)
    case .sctp:
      SocketOptions.set(socket, SOL_SOCKET, SO_REUSEADDR)
    }
  }
}
