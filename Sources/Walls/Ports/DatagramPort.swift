// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import ShimLoop
import ShimProtocol

/// A published UDP port. Each client has a flow of its own: a socket connected to the workload, whose answers go back to the client.
final class DatagramPort: HeldPort, ReadinessHandler {
  /// A datagram is never longer than this.
  static let slot = 64 * 1024
  /// Datagrams taken at once: as many as the loop's memory holds.
  static let batch = min(EventLoop.scratchSize / slot, Int(HULL_DATAGRAMS))
  /// How often a socket is read before others have their turn.
  static let turns = 8

  let loop: EventLoop
  let settings: RelaySettings
  private(set) var plan: PortPlan
  private var target: SocketAddress
  private(set) var socket: Int32
  let flows: FlowTable

  /// Takes over `socket`, which is bound.
  init(_ socket: Int32, _ plan: PortPlan, loop: EventLoop, settings: RelaySettings) {
    self.socket = socket
    self.loop = loop
    self.settings = settings
    self.plan = plan
    target = SocketAddress(plan.address, plan.port)
    flows = FlowTable(loop: loop, limit: settings.flowLimit, timeout: settings.datagramTimeout)
    loop.watch(socket, .readable, self)
  }

  func redirect(_ plan: PortPlan) {
    flows.removeAll()
    self.plan = plan
    target = SocketAddress(plan.address, plan.port)
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
    if settings.transparent {
      for source in SocketAddress(peer).disguises(towards: target) {
        if let socket = connect(from: source) { return socket }
      }
    }
    return connect(from: nil)
  }

  private func connect(from source: SocketAddress?) -> Int32? {
    let socket = HostSocket.make(.udp, family: target.family)
    guard socket >= 0 else { return nil }
    if source?.bindTransparently(socket) ?? true, target.connect(socket) == 0, !settings.isScarce(socket) { return socket }
    Glibc.close(socket)
    return nil
  }
}
