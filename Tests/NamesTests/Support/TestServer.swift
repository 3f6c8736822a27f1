// SPDX-License-Identifier: Apache-2.0
import Addressing
import CLinux
import DNS
import Foundation
import Glibc
import Launch
import LinuxSystem
import Names
import ShimLoop
import ShimProtocol
import Synchronization

/// A name server on a thread of its own, with zone files in a folder of its own.
final class TestServer: Sendable {
  let folder: String
  let udpPort: UInt16
  let tcpPort: UInt16
  private let wake: DescriptorPair
  private let orders = Mutex<[@Sendable (NameServer) -> Void]>([])
  private let ended = DispatchSemaphore(value: 0)

  init(upstreams: [String] = [], limits: NameServerLimits = NameServerLimits()) throws {
    folder = "/tmp/hull-names-\(UUID().uuidString.prefix(8))"
    try Files.makeDirectories(folder)
    let udp = try Loopback.socket(SOCK_DGRAM)
    let tcp = try Loopback.socket(SOCK_STREAM)
    udpPort = udp.port
    tcpPort = tcp.port
    wake = try Descriptors.pipe()
    var plan = ResolverPlan()
    plan.upstreams = upstreams.map { IPAddress($0)! }
    let started = plan
    Thread.detachNewThread { [self] in run(udp.descriptor, tcp.descriptor, started, limits) }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func run(_ udp: Int32, _ tcp: Int32, _ plan: ResolverPlan, _ limits: NameServerLimits) {
    guard let loop = try? EventLoop() else { return }
    let server = NameServer(udp: udp, tcp: tcp, plan: plan, loop: loop, limits: limits)
    let mailbox = Mailbox(wake.first, loop) { [self] in
      for order in orders.withLock({ list in
        defer { list = [] }
        return list
      }) { order(server) }
    }
    loop.run()
    withExtendedLifetime(mailbox) { server.close() }
    loop.remove(wake.first)
    close(wake.first)
    ended.signal()
  }

  /// Runs something on the server's thread and waits until it is done.
  func perform(_ body: @escaping @Sendable (NameServer) -> Void) {
    let done = DispatchSemaphore(value: 0)
    orders.withLock {
      $0.append { server in
        body(server)
        done.signal()
      }
    }
    _ = write(wake.second, "x", 1)
    done.wait()
  }

  func change(_ body: @escaping @Sendable (inout ResolverPlan) -> Void) { perform { body(&$0.plan) } }

  func stop() {
    close(wake.second)
    ended.wait()
  }

  /// Writes a zone as the daemon does, and puts it last into the plan unless it is there.
  func network(_ name: String, _ endpoints: [(addresses: String, names: String)]) throws {
    let text = try Zone.encode(
      network: name,
      endpoints.map {
        Zone.Endpoint(
          addresses: $0.addresses.split(separator: ",").map { IPAddress(String($0))! }, names: $0.names.split(separator: " ").map(String.init))
      })
    let path = path(name)
    try Data(text).write(to: URL(fileURLWithPath: path + ".new"))
    rename(path + ".new", path)
    change { plan in if !plan.zones.contains(path) { plan.zones.append(path) } }
  }

  func path(_ network: String) -> String { "\(folder)/\(network).zone" }

  func ask(_ name: String, _ type: DNSType = .a) throws -> Reply { try Reply(exchange(Question(name, type).bytes)) }
  func askOverTCP(_ name: String, _ type: DNSType = .a) throws -> Reply {
    let client = try StreamConnection(tcpPort)
    client.send(Question(name, type).bytes)
    return try Reply(client.receive())
  }

  /// Sends a datagram and waits for the answer.
  func exchange(_ bytes: [UInt8]) throws -> [UInt8] {
    let client = try DatagramClient(udpPort)
    client.send(bytes)
    return try client.receive()
  }
}

/// Runs something when a pipe has bytes; stops the loop when it is closed.
private final class Mailbox: ReadinessHandler {
  private let pipe: Int32
  private let loop: EventLoop
  private let body: () -> Void

  init(_ pipe: Int32, _ loop: EventLoop, _ body: @escaping () -> Void) {
    self.pipe = pipe
    self.loop = loop
    self.body = body
    loop.watch(pipe, .readable, self)
  }

  func ready(_ events: Readiness) {
    guard case .moved = IO.read(pipe, into: loop.scratch.base, count: 100) else { return loop.stop() }
    body()
  }
}
