// SPDX-License-Identifier: Apache-2.0
import CLinux
import Foundation
import Glibc
import LinuxSystem
import Netlink

/// A network namespace of its own for the calling thread and the threads it starts, until `leave`.
final class TestNetwork {
  private let before: OwnedDescriptor
  private let inside: OwnedDescriptor

  init() throws {
    before = try Files.open("/proc/thread-self/ns/net", O_RDONLY)
    try Namespaces.unshare(NamespaceFlag.network)
    inside = try Files.open("/proc/thread-self/ns/net", O_RDONLY)
    try RouteSocket.loopbackUp()
  }

  func leave() { try? Namespaces.enter(before.number, NamespaceFlag.network) }

  /// The sockets and threads that `body` makes are in the other namespace.
  func elsewhere<Result>(_ namespace: borrowing TestNamespace, _ body: () throws -> Result) throws -> Result {
    try Namespaces.enter(namespace.descriptor.number, NamespaceFlag.network)
    defer { try? Namespaces.enter(inside.number, NamespaceFlag.network) }
    return try body()
  }

  /// A second namespace beside this one, at the other end of a pair of interfaces `name` and `eth0` with these addresses.
  func neighbour(_ name: String, here: [String], there: [String], gateway: String) throws -> TestNamespace {
    try Namespaces.unshare(NamespaceFlag.network)
    let namespace = TestNamespace(descriptor: try Files.open("/proc/thread-self/ns/net", O_RDONLY))
    try RouteSocket.loopbackUp()
    try Namespaces.enter(inside.number, NamespaceFlag.network)
    try Tool.run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", "/proc/\(getpid())/fd/\(namespace.descriptor.number)")
    for address in here { try Tool.run("ip", "addr", "add", address, "dev", name, "nodad") }
    try Tool.run("ip", "link", "set", name, "up")
    try elsewhere(namespace) {
      for address in there { try Tool.run("ip", "addr", "add", address, "dev", "eth0", "nodad") }
      try Tool.run("ip", "link", "set", "eth0", "up")
      try Tool.run("ip", "route", "add", "default", "via", gateway)
    }
    return namespace
  }
}

struct TestNamespace: ~Copyable {
  let descriptor: OwnedDescriptor
}

/// Programs that set up what the test needs, run in the calling thread's network namespace.
enum Tool {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  static func run(_ name: String, _ arguments: String...) throws {
    let pid = try Subprocess.start("/usr/bin/env", ["env", name] + arguments, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], stderr: 2)
    let code = try Processes.reap(pid)
    if code != 0 { throw Failure(description: "\(name) \(arguments.joined(separator: " ")): exit code \(code)") }
  }
}
