// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import ShimLoop
import ShimProtocol

/// A published UDP port. Each client has a flow of its own: a socket connected to the workload, whose answers go back to the client.
final class DatagramPort: HeldPort, ReadinessHandler {
  /// A datagram is never longer than this.
  static let slot = 64 * 1024
  /// Datagrams taken at once: as many as fit into the loop's memory.
  static let batch = EventLoop.scratchSize / slot
  /// How often a socket is read before others have their turn.
  static let turns = 8

  let loop: EventLoop
  let settings: RelaySettings
  let target: SocketAddress
  private(set) var socket: Int32
  let flows: FlowTable

  /// Takes over `socket`, which is bound.
  init(_ socket: Int32, _ plan: PortPlan, loop: EventLoop, settings: RelaySettings) {
    self.socket = socket
    self.loop = loop
    self.settings = settings
    target = SocketAddress(plan.address, plan.port)
    flows = FlowTable(loop: loop, limit: settings.flowLimit, timeout: settings.datagramTimeout)
    loop.watch(socket, .readable, self)
  }

  func close() {
    guard socket >= 0 else { return }
    flows.removeAll()
    loop.remove(socket)
    Glibc.close(socket)
    socket = -1
  }

  func ready(_ events: Readiness) {
    withUnsafeTemporaryAllocation(of: hull_datagram.self, capacity: DatagramPort.batch) { datagrams in
      guard let first = datagrams.baseAddress else { return }
      for _ in 0..<DatagramPort.turns {
        let count = hull_receive_datagrams(socket, loop.scratch.base, DatagramPort.slot, first, Int32(DatagramPort.batch))
        if count > 0 { forward(datagrams.prefix(Int(count))) }
        if count < DatagramPort.batch { return }
      }
    }
  }

  /// Datagrams of one client that follow one another go on together.
  private func forward(_ datagrams: Slice<UnsafeMutableBufferPointer<hull_datagram>>) {
    var start = datagrams.startIndex
    while start < datagrams.endIndex {
      let key = FlowKey(datagrams[start])
      var end = start + 1
      while end < datagrams.endIndex, FlowKey(datagrams[end]) == key { end += 1 }
      if let flow = flow(of: key, datagrams[start]) {
        flow.send(loop.scratch.base + start * DatagramPort.slot, datagrams.base.baseAddress! + start, end - start)
      }
      start = end
    }
  }

  private func flow(of key: FlowKey, _ datagram: hull_datagram) -> DatagramFlow? {
    if let flow = flows.find(key) { return flow }
    flows.makeRoom()
    var connected = connect(from: datagram.peer)
    if connected == nil, flows.removeOldest() { connected = connect(from: datagram.peer) }
    guard let connected else { return nil }
    let flow = DatagramFlow(connected, key: key, client: datagram, port: self)
    flows.insert(flow)
    return flow
  }

  /// A socket that talks to the workload only; `nil` when there is none to be had.
  private func connect(from peer: hull_socket_address) -> Int32? {
    let source = SocketAddress(peer)
    if settings.transparent, source.family == target.family, !source.isLoopback {
      for port in [source.port, 0] {
        if let socket = connect(bound: source.with(port: port)) { return socket }
      }
    }
    return connect(bound: nil)
  }

  private func connect(bound source: SocketAddress?) -> Int32? {
    let socket = HostSocket.make(.udp, family: target.family)
    guard socket >= 0 else { return nil }
    let bound = source.map { SocketOptions.setTransparent(socket, family: target.family) && $0.bind(socket) == 0 } ?? true
    if bound, !settings.isScarce(socket), target.connect(socket) == 0 { return socket }
    Glibc.close(socket)
    return nil
  }
}
