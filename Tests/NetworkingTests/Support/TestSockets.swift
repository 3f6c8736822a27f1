// SPDX-License-Identifier: Apache-2.0
import Addressing
import CLinux
import Glibc
import LinuxSystem

/// A socket of a test, closed at the end of its life.
final class TestSocket: Sendable {
  let number: Int32
  init(_ number: Int32) { self.number = number }
  deinit { close(number) }
}

extension TestNamespace {
  /// A listening TCP socket, or a bound UDP one.
  func serve(_ address: IPAddress, _ port: UInt16, udp: Bool = false) throws -> TestSocket {
    try run {
      let socket = try Self.socket(address.family, udp)
      try checked("setsockopt") { Self.set(socket.number, SOL_SOCKET, SO_REUSEADDR) }
      if address.family == .v6 { try checked("setsockopt") { Self.set(socket.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY) } }
      try checked("bind") { withAddress(address, port) { bind(socket.number, $0, $1) } }
      if !udp { try checked("listen") { listen(socket.number, 16) } }
      return socket
    }
  }

  /// A TCP connection, or `nil` when there is none within `milliseconds`.
  func connect(_ address: IPAddress, _ port: UInt16, milliseconds: Int32 = 5000) throws -> TestSocket? {
    try run {
      let socket = try Self.socket(address.family, false)
      try Descriptors.setNonBlocking(socket.number, true)
      if withAddress(address, port, { Glibc.connect(socket.number, $0, $1) }) == 0 { return socket }
      guard errno == EINPROGRESS else { return nil }
      var entry = pollfd(fd: socket.number, events: Int16(POLLOUT), revents: 0)
      guard poll(&entry, 1, milliseconds) == 1 else { return nil }
      var error: Int32 = 0
      var size = socklen_t(4)
      getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &error, &size)
      return error == 0 ? socket : nil
    }
  }

  /// A UDP socket with a default destination.
  func datagrams(to address: IPAddress, _ port: UInt16) throws -> TestSocket {
    try run {
      let socket = try Self.socket(address.family, true)
      try checked("connect") { withAddress(address, port) { Glibc.connect(socket.number, $0, $1) } }
      return socket
    }
  }

  static func socket(_ family: IPAddress.Family, _ udp: Bool) throws -> TestSocket {
    let type = Int32((udp ? SOCK_DGRAM : SOCK_STREAM).rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    return TestSocket(try checked("socket") { Glibc.socket(Int32(family.number), type, 0) })
  }

  @discardableResult
  static func set(_ socket: Int32, _ level: Int32, _ option: Int32) -> Int32 {
    var one: Int32 = 1
    return setsockopt(socket, level, option, &one, 4)
  }
}

extension TestSocket {
  /// The other side's address of the next connection; `nil` when none comes within `milliseconds`.
  func accept(milliseconds: Int32 = 5000) throws -> (socket: TestSocket, peer: IPAddress)? {
    guard try Descriptors.waitReadable(number, milliseconds: milliseconds) else { return nil }
    var (raw, size) = (sockaddr_storage(), socklen_t(MemoryLayout<sockaddr_storage>.size))
    let accepted = try checked("accept") {
      withUnsafeMutableBytes(of: &raw) { Glibc.accept(number, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size) }
    }
    return (TestSocket(accepted), read(raw).address)
  }

  /// The next datagram and who sent it; `nil` when none comes within `milliseconds`.
  func receive(milliseconds: Int32 = 5000) throws -> (text: String, peer: IPAddress, port: UInt16)? {
    guard try Descriptors.waitReadable(number, milliseconds: milliseconds) else { return nil }
    var (raw, size) = (sockaddr_storage(), socklen_t(MemoryLayout<sockaddr_storage>.size))
    var buffer = [UInt8](repeating: 0, count: 2048)
    let count = try checked("recvfrom") {
      withUnsafeMutableBytes(of: &raw) { recvfrom(number, &buffer, 2048, 0, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size) }
    }
    let peer = read(raw)
    return (String(decoding: buffer[..<count], as: UTF8.self), peer.address, peer.port)
  }

  func send(_ text: String) throws { try checked("send") { Glibc.send(number, text, text.utf8.count, Int32(MSG_NOSIGNAL)) } }
  func send(_ text: String, to address: IPAddress, _ port: UInt16) throws {
    try checked("sendto") { withAddress(address, port) { sendto(number, text, text.utf8.count, 0, $0, $1) } }
  }
}

private func read(_ raw: sockaddr_storage) -> (address: IPAddress, port: UInt16) {
  withUnsafeBytes(of: raw) { bytes in
    let isV6 = bytes.loadUnaligned(as: UInt16.self) == UInt16(AF_INET6)
    let port = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    return (IPAddress(bytes: isV6 ? bytes[8..<24] : bytes[4..<8])!, port)
  }
}

/// Calls `body` with a sockaddr_in or sockaddr_in6.
func withAddress<Result>(_ address: IPAddress, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
  var bytes = [UInt8](repeating: 0, count: address.family == .v4 ? 16 : 28)
  withUnsafeBytes(of: UInt16(address.family.number)) { bytes.replaceSubrange(0..<2, with: $0) }
  withUnsafeBytes(of: port.bigEndian) { bytes.replaceSubrange(2..<4, with: $0) }
  let start = address.family == .v4 ? 4 : 8
  bytes.replaceSubrange(start..<start + address.bytes.count, with: address.bytes)
  return bytes.withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) }
}
