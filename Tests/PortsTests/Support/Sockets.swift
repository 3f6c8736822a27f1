// SPDX-License-Identifier: Apache-2.0
import Addressing
import Foundation
import Glibc
import LinuxSystem

@testable import Ports

/// A blocking socket of a test, with patience for 20 seconds.
final class TestSocket: @unchecked Sendable {
  let number: Int32

  init(_ number: Int32) {
    self.number = number
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  /// A new one; bound to `from` when that is given.
  convenience init(_ type: __socket_type = SOCK_STREAM, _ family: IPAddress.Family = .v4, from: (String, UInt16)? = nil) throws {
    self.init(try checked("socket") { socket(Int32(family.number), Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0) })
    if let from { try bind(from.0, from.1) }
  }

  deinit { close(number) }

  static func connected(_ port: UInt16, at host: String = "127.0.0.1", _ type: __socket_type = SOCK_STREAM) throws -> TestSocket {
    let socket = try TestSocket(type, IPAddress(host)!.family)
    try socket.connect(host, port)
    return socket
  }

  func connect(_ host: String, _ port: UInt16) throws {
    try checked("connect \(host):\(port)") { SocketAddress(IPAddress(host)!, port).connect(number) }
  }

  func bind(_ host: String, _ port: UInt16) throws {
    try checked("bind \(host):\(port)") { SocketAddress(IPAddress(host)!, port).bind(number) }
  }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    var offset = 0
    while offset < bytes.count {
      offset += try checked("send") { bytes.withUnsafeBytes { Glibc.send(number, $0.baseAddress! + offset, $0.count - offset, Int32(MSG_NOSIGNAL)) } }
    }
  }

  /// What is there, at most `limit` bytes; empty at the end.
  func receive(_ limit: Int = 65536) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = try checked("recv") { recv(number, &bytes, limit, 0) }
    bytes.removeLast(limit - count)
    return bytes
  }

  func receiveText() throws -> String { String(decoding: try receive(), as: UTF8.self) }

  func receive(exactly count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let more = try receive(count - bytes.count)
      if more.isEmpty { break }
      bytes += more
    }
    return bytes
  }

  func receiveToEnd() throws -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let more = try receive()
      if more.isEmpty { return bytes }
      bytes += more
    }
  }

  func endSending() { shutdown(number, Int32(SHUT_WR)) }

  /// The next close resets the connection.
  func resetOnClose() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
  }

  /// Sends a datagram to somewhere.
  func send(_ text: String, to host: String, _ port: UInt16) throws {
    let address = SocketAddress(IPAddress(host)!, port)
    let bytes = Array(text.utf8)
    try checked("sendto \(host):\(port)") { address.send(bytes, from: number) }
  }

  /// A datagram and who sent it: `address:port`.
  func receiveFrom() throws -> (text: String, from: String) {
    var bytes = [UInt8](repeating: 0, count: 65536)
    var storage = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let count = try checked("recvfrom") {
      withUnsafeMutablePointer(to: &storage) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(number, &bytes, bytes.count, 0, $0, &length) }
      }
    }
    return (String(decoding: bytes[..<count], as: UTF8.self), describe(storage))
  }

  /// The other side: `address:port`.
  var peer: String {
    var storage = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    withUnsafeMutablePointer(to: &storage) {
      _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(number, $0, &length) }
    }
    return describe(storage)
  }

  var localPort: UInt16 {
    var storage = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    withUnsafeMutablePointer(to: &storage) {
      _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
    }
    return UInt16(bigEndian: storage.sin6_port)
  }

  private func describe(_ storage: sockaddr_in6) -> String {
    withUnsafeBytes(of: storage) { bytes in
      let v4 = Int32(storage.sin6_family) == AF_INET
      let address = IPAddress(bytes: Array(bytes[v4 ? 4..<8 : 8..<24]))!
      return "\(address.withBrackets):\(UInt16(bigEndian: storage.sin6_port))"
    }
  }
}

extension SocketAddress {
  func send(_ bytes: [UInt8], from socket: Int32) -> Int {
    withUnsafePointer(to: storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bytes.withUnsafeBytes {
          sendto(
            socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL), address,
            socklen_t(family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size))
        }
      }
    }
  }
}
