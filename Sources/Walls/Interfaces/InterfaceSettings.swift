// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import ShimProtocol

/// What is set below /proc/sys/net for one interface, in the calling thread's network namespace.
struct InterfaceSettings {
  private static let root = "/proc/sys/net"
  private let interface: InterfacePlan

  init(_ interface: InterfacePlan) { self.interface = interface }

  func write() throws(SystemError) {
    let hasIPv6 = interface.addresses.contains { $0.family == .v6 }
    // As in Docker: an interface of a network without IPv6 has no link-local address either. A kernel without IPv6 has no such file.
    try set("ipv6/conf/\(interface.name)/disable_ipv6", hasIPv6 ? "0" : "1", mayBeMissing: !hasIPv6)
    // Nobody else can have the link-local address: usable at once.
    if hasIPv6 { try set("ipv6/conf/\(interface.name)/accept_dad", "0", mayBeMissing: true) }
    for setting in interface.sysctls { try set(try path(setting.name), setting.value, mayBeMissing: false) }
  }

  /// `net.ipv4.conf.IFNAME.log_martians`: a setting of this interface, and of nothing else.
  private func path(_ name: String) throws(SystemError) -> String {
    let words = name.split(separator: ".", omittingEmptySubsequences: false)
    guard words.count == 5, words[0] == "net", words[3] == "IFNAME", words.allSatisfy({ !$0.isEmpty && !$0.utf8.contains { $0 == 0x2F || $0 == 0 } })
    else { throw SystemError(EINVAL, "setting \(name)") }
    return words.dropFirst().map { $0 == "IFNAME" ? interface.name : String($0) }.joined(separator: "/")
  }

  /// Nothing outside /proc/sys/net is reached, whatever the path.
  private func set(_ path: String, _ value: String, mayBeMissing: Bool) throws(SystemError) {
    do throws(SystemError) {
      let root = try Files.open(Self.root, OpenFlag.path | O_DIRECTORY)
      let file = try InRoot.openBeneath(root.number, path, O_WRONLY)
      try Files.writeAll(file.number, Array(value.utf8), name: "\(Self.root)/\(path)")
    } catch {
      if !mayBeMissing || error.number != ENOENT { throw error }
    }
  }
}
