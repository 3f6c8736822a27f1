// SPDX-License-Identifier: Apache-2.0
import Addressing
import CLinux
import Glibc

/// An address and a port as system calls take them: a `sockaddr_in` or `sockaddr_in6` in the room of the latter.
struct SocketAddress {
  private(set) var storage = sockaddr_in6()

  init(_ address: IPAddress, _ port: UInt16) {
    if address.family == .v4 {
      withUnsafeMutableBytes(of: &storage) {
        let value = sockaddr_in(
          sin_family: sa_family_t(AF_INET), sin_port: port.bigEndian, sin_addr: in_addr(s_addr: UInt32(address.value).bigEndian),
          sin_zero: (0, 0, 0, 0, 0, 0, 0, 0))
        $0.storeBytes(of: value, as: sockaddr_in.self)
      }
    } else {
      storage.sin6_family = sa_family_t(AF_INET6)
      storage.sin6_port = port.bigEndian
      withUnsafeMutableBytes(of: &storage.sin6_addr) { $0.storeBytes(of: address.value.bigEndian, as: UInt128.self) }
    }
  }

  /// Where a datagram came from.
  init(_ peer: hull_socket_address) { storage = unsafeBitCast(peer, to: sockaddr_in6.self) }

  /// Of the other side of a connected socket.
  init?(peerOf socket: Int32) {
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let result = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(socket, $0, &length) }
    }
    guard result == 0 else { return nil }
  }

  var family: Int32 { Int32(storage.sin6_family) }
  private var length: socklen_t { socklen_t(family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size) }

  /// From which addresses a client can be spoken for, the best first: its own port, or any when something on this host has that.
  /// None when the target could not answer there: to another family, to a loopback address, or to itself.
  func disguises(towards target: SocketAddress) -> [SocketAddress] {
    guard family == target.family, !isLoopback, address != target.address else { return [] }
    var anyPort = self
    // In both forms the port stands in the same place.
    anyPort.storage.sin6_port = 0
    return [self, anyPort]
  }

  /// `false`: this host or its kernel does not allow it.
  func bindTransparently(_ socket: Int32) -> Bool { SocketOptions.setTransparent(socket, family: family) && bind(socket) == 0 }

  private var isLoopback: Bool { family == AF_INET ? UInt32(truncatingIfNeeded: address).bigEndian >> 24 == 127 : address == UInt128(1).bigEndian }

  /// As it lies in memory.
  private var address: UInt128 {
    withUnsafeBytes(of: storage) {
      family == AF_INET ? UInt128($0.load(fromByteOffset: 4, as: UInt32.self)) : $0.loadUnaligned(fromByteOffset: 8, as: UInt128.self)
    }
  }

  func bind(_ socket: Int32) -> Int32 { withPointer { Glibc.bind(socket, $0, length) } }
  func connect(_ socket: Int32) -> Int32 { withPointer { Glibc.connect(socket, $0, length) } }

  private func withPointer(_ body: (UnsafePointer<sockaddr>) -> Int32) -> Int32 {
    withUnsafePointer(to: storage) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
  }
}
