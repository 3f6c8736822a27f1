// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import Networking

/// Asks the host itself about its ports. Blocking.
enum HostPort {
  /// Whether the host has IPv6 at all.
  static let hasIPv6: Bool = {
    let descriptor = socket(AF_INET6, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    close(descriptor)
    return HostFiles.text("/proc/sys/net/ipv6/conf/all/disable_ipv6").map { !$0.hasPrefix("1") } ?? false
  }()

  /// Whether nobody has the port: it can be bound at this instant. An address that the host does not have counts as free: who binds it says so.
  static func isFree(_ port: UInt16, _ transport: Transport, _ address: IPAddress) -> Bool {
    let isStream = transport != .udp
    let type = Int32((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(Int32(address.family.number), type, transport == .sctp ? Int32(IPPROTO_SCTP) : 0)
    guard descriptor >= 0 else { return true }
    defer { close(descriptor) }
    var on: Int32 = 1
    if isStream { setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size)) }
    if address.family == .v6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, socklen_t(MemoryLayout<Int32>.size)) }
    let result = address.family == .v4 ? bind4(descriptor, address, port) : bind6(descriptor, address, port)
    return result == 0 || errno != EADDRINUSE
  }

  private static func bind4(_ descriptor: Int32, _ address: IPAddress, _ port: UInt16) -> Int32 {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.value).bigEndian
    return withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }

  private static func bind6(_ descriptor: Int32, _ address: IPAddress, _ port: UInt16) -> Int32 {
    var name = sockaddr_in6()
    name.sin6_family = sa_family_t(AF_INET6)
    name.sin6_port = port.bigEndian
    withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: address.bytes) }
    return withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
    }
  }
}
