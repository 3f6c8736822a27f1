// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Options of sockets, and the numbers that the C library hides from Swift.
enum SocketOptions {
  private static let transparentV4: Int32 = 19
  private static let transparentV6: Int32 = 75
  private static let receivePacketInfoV6: Int32 = 49
  private static let forcedReceiveBuffer: Int32 = 33
  /// Seconds: a client that has vanished is noticed after two minutes.
  private static let keepAliveIdle: Int32 = 60
  private static let keepAliveInterval: Int32 = 15
  private static let keepAliveProbes: Int32 = 4

  @discardableResult
  static func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32 = 1) -> Bool {
    var value = value
    return setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
  }

  /// A connection relays as it gets, and notices a peer that has vanished. What a listening socket is told, its connections inherit.
  static func prepareConnections(_ socket: Int32) {
    set(socket, SOL_SOCKET, SO_KEEPALIVE)
    let tcp = Int32(IPPROTO_TCP)
    set(socket, tcp, TCP_NODELAY)
    set(socket, tcp, TCP_KEEPIDLE, keepAliveIdle)
    set(socket, tcp, TCP_KEEPINTVL, keepAliveInterval)
    set(socket, tcp, TCP_KEEPCNT, keepAliveProbes)
  }

  /// May be bound to an address that is not this host's.
  static func setTransparent(_ socket: Int32, family: Int32) -> Bool {
    family == AF_INET ? set(socket, Int32(IPPROTO_IP), transparentV4) : set(socket, Int32(IPPROTO_IPV6), transparentV6)
  }

  /// `0.0.0.0` and `::` of one port are two sockets.
  static func setOnlyV6(_ socket: Int32) { set(socket, Int32(IPPROTO_IPV6), IPV6_V6ONLY) }

  /// Tells with each datagram which address it was sent to.
  static func tellLocalAddress(_ socket: Int32, family: Int32) {
    if family == AF_INET {
      set(socket, Int32(IPPROTO_IP), IP_PKTINFO)
    } else {
      set(socket, Int32(IPPROTO_IPV6), receivePacketInfoV6)
    }
  }

  /// Beyond the system's limit where that is allowed.
  static func setReceiveBuffer(_ socket: Int32, _ bytes: Int32) {
    if !set(socket, SOL_SOCKET, forcedReceiveBuffer, bytes) { set(socket, SOL_SOCKET, SO_RCVBUF, bytes) }
  }

  /// Closes with a reset: the other side learns that the connection has failed.
  static func reset(_ socket: Int32) {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    close(socket)
  }
}
