// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// Sockets on the loopback interface.
enum Loopback {
  struct Bound {
    let descriptor: Int32
    let port: UInt16
  }

  /// Bound to a free port, or to the one given; a stream socket listens.
  static func socket(_ type: __socket_type, address: String = "127.0.0.1", port: UInt16 = 0) throws -> Bound {
    let socket = OwnedDescriptor(try checked("socket") { Glibc.socket(AF_INET, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0) })
    var on: Int32 = 1
    if type == SOCK_STREAM { setsockopt(socket.number, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size)) }
    try with(address, port) { pointer, length in try checked("bind \(address) \(port)") { bind(socket.number, pointer, length) } }
    if type == SOCK_STREAM { try checked("listen") { listen(socket.number, 64) } }
    let number = socket.take()
    return Bound(descriptor: number, port: name(number))
  }

  static func connected(_ type: __socket_type, port: UInt16, patience: Int = 10) throws -> Int32 {
    let socket = OwnedDescriptor(try checked("socket") { Glibc.socket(AF_INET, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0) })
    try with("127.0.0.1", port) { pointer, length in try checked("connect") { connect(socket.number, pointer, length) } }
    var time = timeval(tv_sec: patience, tv_usec: 0)
    setsockopt(socket.number, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    return socket.take()
  }

  private static func name(_ socket: Int32) -> UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) } }
    return UInt16(bigEndian: address.sin_port)
  }

  private static func with(_ text: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    inet_pton(AF_INET, text, &address.sin_addr)
    try withUnsafePointer(to: address) {
      try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }
}

/// No answer came.
struct NoAnswer: Error {}

final class DatagramClient {
  private let socket: Int32
  init(_ port: UInt16) throws { socket = try Loopback.connected(SOCK_DGRAM, port: port) }
  deinit { close(socket) }

  func send(_ bytes: [UInt8]) { _ = Glibc.send(socket, bytes, bytes.count, 0) }

  func receive() throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = recv(socket, &bytes, bytes.count, 0)
    guard count >= 0 else { throw NoAnswer() }
    return Array(bytes.prefix(count))
  }

  /// Throws away what has come.
  func drain() {
    var bytes = [UInt8](repeating: 0, count: 65536)
    while recv(socket, &bytes, bytes.count, Int32(MSG_DONTWAIT)) >= 0 {}
  }
}

final class StreamConnection {
  private let socket: Int32
  init(_ port: UInt16) throws { socket = try Loopback.connected(SOCK_STREAM, port: port) }
  deinit { close(socket) }

  /// With the length before it.
  func send(_ message: [UInt8]) { sendRaw([UInt8(message.count >> 8), UInt8(message.count & 255)] + message) }
  func sendRaw(_ bytes: [UInt8]) { _ = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
  func endSending() { shutdown(socket, Int32(SHUT_WR)) }

  func receive() throws -> [UInt8] {
    let length = try receiveRaw(2)
    return try receiveRaw(Int(length[0]) << 8 | Int(length[1]))
  }

  /// Whether the other side closes; waits for it.
  var isClosed: Bool {
    var byte: UInt8 = 0
    let count = recv(socket, &byte, 1, 0)
    return count == 0 || count < 0 && errno == ECONNRESET
  }

  private func receiveRaw(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    guard recv(socket, &bytes, count, Int32(MSG_WAITALL)) == count else { throw NoAnswer() }
    return bytes
  }
}
