// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import ShimLoop
import ShimProtocol

/// A published TCP or SCTP port: every connection to it is relayed to the workload.
final class StreamPort: HeldPort {
  private let loop: EventLoop
  private let plan: PortPlan
  private let target: SocketAddress
  private let settings: RelaySettings
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

  func close() {
    listener?.close()
    listener = nil
    while let relay = relays.last { relay.close(reset: false) }
    relays = []
  }

  func ended(_ relay: Relay) {
    relays.swapAt(relay.index, relays.count - 1)
    relays[relay.index].index = relay.index
    relays.removeLast()
  }

  private func accepted(_ client: Int32) {
    guard !settings.isScarce(client), let workload = connect(for: client) else { return SocketOptions.reset(client) }
    let relay = Relay(client: client, workload: workload, loop: loop, port: self)
    relay.index = relays.count
    relays.append(relay)
  }

  /// A socket that is connected to the workload or about to be; `nil` when that fails at once.
  private func connect(for client: Int32) -> Int32? {
    if settings.transparent, let source = SocketAddress(peerOf: client), source.family == target.family, !source.isLoopback {
      // The client's own port, or any when something on this host has that.
      for port in [source.port, 0] {
        if let socket = connect(from: source.with(port: port)) { return socket }
      }
    }
    return connect(from: nil)
  }

  private func connect(from source: SocketAddress?) -> Int32? {
    let socket = HostSocket.make(plan.transport, family: target.family)
    guard socket >= 0 else { return nil }
    if plan.transport == .tcp { SocketOptions.prepareConnections(socket) }
    if let source, !SocketOptions.setTransparent(socket, family: target.family) || source.bind(socket) != 0 {
      Glibc.close(socket)
      return nil
    }
    if target.connect(socket) == 0 || errno == EINPROGRESS { return socket }
    Glibc.close(socket)
    return nil
  }
}
