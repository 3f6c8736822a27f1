// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import LinuxSystem
import ShimProtocol

/// Finds out who holds a port, for the person who wonders why it is taken. Only for error messages: it reads through `/proc`.
enum PortHolder {
  private static let tableLimit = 4 << 20
  private static let processLimit = 10_000
  private static let descriptorLimit = 100_000

  /// `nginx, pid 123`, or the container whose shim it is; `nil` when that cannot be seen.
  static func find(_ plan: PortPlan) -> String? {
    guard let inode = inode(plan), let pid = process(with: "socket:[\(inode)]") else { return nil }
    if let container = container(of: pid) { return "container \(container)" }
    guard let name = try? Files.readText("/proc/\(pid)/comm") else { return nil }
    return "\(name), pid \(pid)"
  }

  // MARK: The socket

  private static func inode(_ plan: PortPlan) -> String? {
    let tables = plan.transport == .tcp ? ["tcp", "tcp6"] : plan.transport == .udp ? ["udp", "udp6"] : []
    for table in tables {
      guard let bytes = try? Files.read("/proc/thread-self/net/\(table)", limit: tableLimit) else { continue }
      let sockets = String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().compactMap { TableSocket($0) }
      let conflicting = sockets.filter { $0.port == plan.hostPort && $0.conflicts(with: plan.hostAddress) }
      if let holder = conflicting.first(where: \.isListening) ?? conflicting.first { return holder.inode }
    }
    return nil
  }

  // MARK: The process

  private static func process(with link: String) -> Int32? {
    var rest = descriptorLimit
    for name in entries("/proc", limit: processLimit) {
      guard let pid = Int32(name) else { continue }
      for descriptor in entries("/proc/\(pid)/fd", limit: rest) {
        rest -= 1
        if (try? Files.readLink("/proc/\(pid)/fd/\(descriptor)")) == link { return pid }
      }
      if rest <= 0 { return nil }
    }
    return nil
  }

  /// A shim holds ports for a container, which its arguments name.
  private static func container(of pid: Int32) -> String? {
    guard let bytes = try? Files.read("/proc/\(pid)/cmdline", limit: 64 << 10) else { return nil }
    let arguments = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    guard let program = arguments.first, program == "hull-shim" || program.hasSuffix("/hull-shim"),
      let option = arguments.firstIndex(of: "--id"), option + 1 < arguments.count
    else { return nil }
    return String(arguments[option + 1].prefix(12))
  }

  private static func entries(_ path: String, limit: Int) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while names.count < limit, let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}

/// A line of `/proc/net/tcp` and its like (proc(5)): `sl local_address rem_address st … inode …`, addresses in hexadecimal.
private struct TableSocket {
  let address: IPAddress
  let port: UInt16
  let isListening: Bool
  let inode: String

  init?(_ line: Substring) {
    let fields = line.split(separator: " ", omittingEmptySubsequences: true)
    guard fields.count > 9, fields[9] != "0" else { return nil }
    let local = fields[1].split(separator: ":")
    guard local.count == 2, let port = UInt16(local[1], radix: 16), let address = TableSocket.address(local[0]) else { return nil }
    self.address = address
    self.port = port
    isListening = fields[3] == "0A" || fields[3] == "07"
    inode = String(fields[9])
  }

  func conflicts(with other: IPAddress) -> Bool {
    // An unspecified IPv6 address may hold the port for IPv4 too.
    if address.isUnspecified { return address.family == other.family || address.family == .v6 }
    return address == other || other.isUnspecified && address.family == other.family
  }

  /// Words of 32 bits, each as the machine stores them.
  private static func address(_ text: Substring) -> IPAddress? {
    var rest = text
    var bytes: [UInt8] = []
    while !rest.isEmpty {
      guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
      withUnsafeBytes(of: word) { bytes.append(contentsOf: $0) }
      rest = rest.dropFirst(8)
    }
    return IPAddress(bytes: bytes)
  }
}
