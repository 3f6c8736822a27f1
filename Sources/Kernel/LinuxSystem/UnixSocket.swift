// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Unix sockets by path of any length, and messages with descriptors.
package enum UnixSocket {
  /// Binds and listens, close-on-exec. The path must not exist.
  package static func listen(_ path: String, backlog: Int32 = 128, mode: UInt32 = 0o600) throws(SystemError) -> OwnedDescriptor {
    let socket = try make(SOCK_STREAM)
    try withAddress(path) { (address, length) throws(SystemError) in
      try checked("bind \(path)") { bind(socket.number, address, length) }
    }
    try checked("chmod \(path)") { chmod(path, mode) }
    try checked("listen \(path)") { Glibc.listen(socket.number, backlog) }
    return socket
  }

  package static func connect(_ path: String) throws(SystemError) -> OwnedDescriptor {
    let socket = try make(SOCK_STREAM)
    try withAddress(path) { (address, length) throws(SystemError) in
      try checked("connect \(path)") { Glibc.connect(socket.number, address, length) }
    }
    return socket
  }

  /// Two connected sockets, close-on-exec.
  package static func pair(_ type: __socket_type = SOCK_STREAM) throws(SystemError) -> DescriptorPair {
    var ends: (Int32, Int32) = (-1, -1)
    try checked("socketpair") {
      withUnsafeMutableBytes(of: &ends) {
        socketpair(AF_UNIX, Int32(type.rawValue) | closeOnExec, 0, $0.bindMemory(to: Int32.self).baseAddress!)
      }
    }
    return DescriptorPair(first: ends.0, second: ends.1)
  }

  /// Sends bytes (not none) in one message, with up to 8 descriptors beside them. Never raises SIGPIPE.
  @discardableResult
  package static func send(_ socket: Int32, _ bytes: [UInt8], descriptors: [Int32] = [], flags: Int32 = 0) throws(SystemError) -> Int {
    try checked("sendmsg") {
      bytes.withUnsafeBytes { hull_send_message(socket, $0.baseAddress, $0.count, descriptors, descriptors.count, flags) }
    }
  }

  /// Receives at most `limit` bytes and up to 8 descriptors, close-on-exec. No bytes: the other side is gone.
  package static func receive(_ socket: Int32, limit: Int, flags: Int32 = 0) throws(SystemError) -> (bytes: [UInt8], descriptors: [Int32]) {
    var descriptors = [Int32](repeating: -1, count: 8)
    var count = descriptors.count
    var bytes = [UInt8](repeating: 0, count: limit)
    let received = try checked("recvmsg") {
      count = descriptors.count
      return bytes.withUnsafeMutableBytes { hull_receive_message(socket, $0.baseAddress, $0.count, &descriptors, &count, flags) }
    }
    bytes.removeLast(limit - received)
    return (bytes, Array(descriptors[..<count]))
  }

  private static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)

  private static func make(_ type: __socket_type) throws(SystemError) -> OwnedDescriptor {
    OwnedDescriptor(try checked("socket") { socket(AF_UNIX, Int32(type.rawValue) | closeOnExec, 0) })
  }

  /// A path too long for a socket address is reached through its directory's descriptor.
  private static func withAddress(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> Void
  ) throws(SystemError) {
    var address = sockaddr_un()
    let room = MemoryLayout.size(ofValue: address.sun_path) - 1
    guard path.utf8.count > room else { return try fill(&address, path, body) }
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    let directory = try Files.open(String(path[..<slash]), OpenFlag.path | O_DIRECTORY)
    let short = Files.path(of: directory.number) + path[slash...]
    guard short.utf8.count <= room else { throw SystemError(ENAMETOOLONG, "socket \(path)") }
    try fill(&address, short, body)
  }

  private static func fill(
    _ address: inout sockaddr_un, _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> Void
  ) throws(SystemError) {
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    var failure: SystemError?
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        do throws(SystemError) { try body(generic, socklen_t(MemoryLayout<sockaddr_un>.size)) } catch { failure = error }
      }
    }
    if let failure { throw failure }
  }
}
