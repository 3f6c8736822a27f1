// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc

/// A socket's address, of any family.
struct PeerAddress {
  private var storage = sockaddr_storage()
  private var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

  /// To be filled in.
  init() {}

  init(_ address: IPAddress, port: UInt16) {
    let bytes = address.bytes
    storage.ss_family = sa_family_t(address.family.number)
    length = socklen_t(address.family == .v4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size)
    withUnsafeMutableBytes(of: &storage) { raw in
      raw.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
      raw.baseAddress?.advanced(by: address.family == .v4 ? 4 : 8).copyMemory(from: bytes, byteCount: bytes.count)
    }
  }

  /// Receives a datagram; `nil` when there is none, or when what there was is an error.
  mutating func receive(_ socket: Int32, into memory: UnsafeMutableRawPointer, count: Int) -> Int? {
    length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(socket, memory, count, Int32(MSG_DONTWAIT), $0, &length) }
    }
    return result >= 0 ? result : nil
  }

  /// Sends a datagram, if the socket takes it now: one who asks over UDP expects losses.
  func send(_ socket: Int32, _ bytes: UnsafeRawBufferPointer) {
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    withGeneric { _ = sendto(socket, bytes.baseAddress, bytes.count, flags, $0, length) }
  }

  /// Begins to connect without waiting. `false`: there is no way.
  func connect(_ socket: Int32) -> Bool {
    withGeneric { Glibc.connect(socket, $0, length) == 0 || errno == EINPROGRESS }
  }

  private func withGeneric<Result>(_ body: (UnsafePointer<sockaddr>) -> Result) -> Result {
    withUnsafePointer(to: storage) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
  }
}
