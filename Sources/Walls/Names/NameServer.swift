// SPDX-License-Identifier: Apache-2.0
import DNS
import Glibc
import ShimLoop
import ShimProtocol

/// The name server embedded in the shim: it answers what the workload's networks know and asks upstream servers about everything else
/// (RFC 1035; RFC 7766 over TCP). Whatever it is sent, it neither waits nor grows beyond its limits.
package final class NameServer: ReadinessHandler {
  /// So many datagrams are handled before others on the loop have their turn.
  private static let burst = 16

  private let loop: EventLoop
  private let limits: NameServerLimits
  private var udp: Int32
  private var listener: Listener?
  private var names = NameTable()
  private var streams: [StreamClient] = []
  private let forwarder: Forwarder

  /// May change at any time. Questions that are with an upstream server stay there.
  package var plan: ResolverPlan {
    didSet { names.use(plan) }
  }

  /// How many questions are with an upstream server, and how many TCP connections are open: never more than the limits.
  package var openQuestions: Int { forwarder.count }
  package var openConnections: Int { streams.count }

  /// Takes the two sockets over: a bound UDP socket and a listening TCP socket, in any network namespace. Upstream servers are asked from the
  /// namespace of the calling process.
  package init(udp: Int32, tcp: Int32, plan: ResolverPlan, loop: EventLoop, limits: NameServerLimits = NameServerLimits()) {
    self.udp = udp
    self.plan = plan
    self.loop = loop
    self.limits = limits
    forwarder = Forwarder(loop: loop, limits: limits)
    names.use(plan)
    forwarder.answered = { [unowned self] client, answer in reply(answer, to: client) }
    listener = Listener(tcp, loop: loop) { [unowned self] in accept($0) }
    IO.setNonBlocking(udp)
    loop.watch(udp, .readable, self)
  }

  deinit { close() }

  /// Closes the sockets; questions that are open get no answer.
  package func close() {
    guard udp >= 0 else { return }
    loop.remove(udp)
    IO.close(udp)
    udp = -1
    listener?.close()
    forwarder.close()
    for stream in streams { stream.close() }
  }

  /// Gives memory back that can be had again from the zone files.
  package func trim() { names.forget() }

  package func ready(_ events: Readiness) {
    for _ in 0..<NameServer.burst where udp >= 0 {
      var peer = PeerAddress()
      guard let count = peer.receive(udp, into: loop.scratch.base, count: EventLoop.scratchSize) else { return }
      handle(UnsafeRawBufferPointer(start: loop.scratch.base, count: count), from: .datagram(peer))
    }
  }

  /// Answers, now or later. A stream whose message is no query is closed: it would wait in vain.
  func handle(_ message: UnsafeRawBufferPointer, from client: Client) {
    switch ReceivedQuery(message) {
    case .ignored: client.stream?.close()
    case .refused(let answer): reply(answer, to: client)
    case .query(let query):
      if let answer = names.answer(query, limit: client.limit(query)) { return reply(answer, to: client) }
      forwarder.forward(query, message, to: Array(plan.upstreams.prefix(limits.upstreams)), for: client)
    }
  }

  private func reply(_ answer: [UInt8], to client: Client) {
    switch client {
    case .datagram(let peer): answer.withUnsafeBytes { peer.send(udp, $0) }
    case .stream(let stream): stream.answer(answer)
    }
  }

  private func accept(_ socket: Int32) {
    if streams.count >= limits.connections, let oldest = streams.first { oldest.close() }
    streams.append(StreamClient(socket, server: self, loop: loop, patience: limits.idlePatience))
  }

  /// The stream has closed.
  func gone(_ stream: StreamClient) {
    streams.removeAll { $0 === stream }
    forwarder.forget(stream)
  }

  /// The stream has asked: of all it is the last now to make room for another.
  func used(_ stream: StreamClient) {
    guard let index = streams.firstIndex(where: { $0 === stream }) else { return }
    streams.append(streams.remove(at: index))
  }
}
