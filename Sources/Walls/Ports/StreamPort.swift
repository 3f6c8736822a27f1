// SPDX-License-Identifier: Apache-2.0
import Glibc
import ShimLoop
import ShimProtocol

/// A published TCP or SCTP port: every connection to it is relayed to the workload.
final class StreamPort: HeldPort {
  let loop: EventLoop
  let settings: RelaySettings
  private(set) var plan: PortPlan
  private var target: SocketAddress
  private var listener: Listener?
  private var relays: [Relay] = []

  /// Takes over `socket`, which listens.
  init(_ socket: Int32, _ plan: PortPlan, loop: EventLoop, settings: RelaySettings) {
    self.loop = loop
    self.plan = plan
    self.settings = settings
    target = SocketAddress(plan.address, plan.port)
    listener = Listener(socket, loop: loop) { [unowned self] client in accepted(client) }
  }

  func redirect(_ plan: PortPlan) {
    endConnections()
    self.plan = plan
    target = SocketAddress(plan.address, plan.port)
  }

  func close() {
    listener?.close()
    listener = nil
    endConnections()
  }

  /// Forgets a relay that has closed its sockets.
  func ended(_ relay: Relay) {
    loop.hurries -= 1
    relays.swapAt(relay.index, relays.count - 1)
    relays[relay.index].index = relay.index
    relays.removeLast()
    if relays.isEmpty, relays.capacity > 64 { relays = [] }
  }

  private func endConnections() {
    while let relay = relays.last { relay.close(reset: false) }
  }

  private func accepted(_ client: Int32) {
    guard !settings.isScarce(client), let workload = connect(for: client) else { return SocketOptions.reset(client) }
    let relay = Relay(client: client, workload: workload, port: self)
    relay.index = relays.count
    relays.append(relay)
    loop.hurries += 1
  }

  /// A socket that is connected to the workload or about to be; `nil` when that fails at once.
  private func connect(for client: Int32) -> Int32? {
    if settings.transparent, let source = SocketAddress(peerOf: client) {
      for source in source.disguises(towards: target) {
        if let socket = connect(from: source) { return socket }
      }
    }
    return connect(from: nil)
  }

  private func connect(from source: SocketAddress?) -> Int32? {
    let socket = HostSocket.make(plan.transport, family: target.family)
    guard socket >= 0 else { return nil }
    if plan.transport == .tcp { SocketOptions.prepareConnections(socket) }
    let started = (source?.bindTransparently(socket) ?? true) && (target.connect(socket) == 0 || errno == EINPROGRESS)
    if started, !settings.isScarce(socket) { return socket }
    Glibc.close(socket)
    return nil
  }
}
