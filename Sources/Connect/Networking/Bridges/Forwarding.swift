// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import Glibc
import LinuxSystem

/// Whether the host sends packets on between its interfaces (ip-sysctl.rst): without it no bridge network has a way out.
package enum Forwarding {
  /// Turns forwarding on for a family where it is off, in the calling thread's network namespace, and gives a sentence for each setting that
  /// it changed. Throws `internalError`. Blocking.
  package static func enable(_ family: IPAddress.Family) throws(HullError) -> [String] {
    switch family {
    case .v4: try turnOn("net/ipv4/ip_forward")
    case .v6: try enable6()
    }
  }

  /// A host that forwards no longer listens to router advertisements, and so loses its own routes, unless it is told to (accept_ra=2).
  private static func enable6() throws(HullError) -> [String] {
    guard try Sysctl.read("net/ipv6/conf/all/forwarding") == "0" else { return [] }
    var notices: [String] = []
    for name in interfaces() where (try? Sysctl.read("net/ipv6/conf/\(name)/accept_ra")) == "1" {
      try Sysctl.write("2", to: "net/ipv6/conf/\(name)/accept_ra")
      notices.append("net.ipv6.conf.\(name).accept_ra was 1 and is now 2: \(name) keeps listening to router advertisements")
    }
    return notices + (try turnOn("net/ipv6/conf/all/forwarding"))
  }

  private static func turnOn(_ name: String) throws(HullError) -> [String] {
    guard try Sysctl.read(name) == "0" else { return [] }
    try Sysctl.write("1", to: name)
    return ["\(name.map { $0 == "/" ? "." : String($0) }.joined()) was 0 and is now 1"]
  }

  private static func interfaces() -> [String] {
    guard let directory = opendir("/proc/sys/net/ipv6/conf") else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if ![".", "..", "all", "default", "lo"].contains(name) { names.append(name) }
    }
    return names.sorted()
  }
}

/// Settings below `/proc/sys`: those of the network belong to the calling thread's network namespace.
enum Sysctl {
  static func read(_ name: String) throws(HullError) -> String {
    try step("cannot read setting \(name)") { () throws(SystemError) in try Files.readText("/proc/sys/" + name) }
  }

  static func write(_ value: String, to name: String) throws(HullError) {
    do {
      try Files.write(value, to: "/proc/sys/" + name)
    } catch {
      throw HullError(.internalError, "cannot set \(name) to \(value): \(error.reason): it must be set by whoever administers the host")
    }
  }

  /// Writes only what is different.
  static func ensure(_ value: String, _ name: String) throws(HullError) {
    if try read(name) != value { try write(value, to: name) }
  }
}
