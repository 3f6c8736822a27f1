// SPDX-License-Identifier: Apache-2.0
import Glibc
import ShimLoop

/// The UDP clients of one port, by who they are and by when they were last heard of. The longest silent one makes room for a new one.
final class FlowTable {
  private let loop: EventLoop
  private let limit: Int
  private let timeout: Int64
  private var flows: [FlowKey: DatagramFlow] = [:]
  private unowned(unsafe) var newest: DatagramFlow?
  private unowned(unsafe) var oldest: DatagramFlow?
  private var timer: UInt64?

  /// `timeout` in milliseconds.
  init(loop: EventLoop, limit: Int, timeout: Int64) {
    self.loop = loop
    self.limit = limit
    self.timeout = timeout
  }

  func find(_ key: FlowKey) -> DatagramFlow? {
    guard let flow = flows[key] else { return nil }
    touch(flow)
    return flow
  }

  func insert(_ flow: DatagramFlow) {
    flow.lastUsed = FlowTable.now()
    flows[flow.key] = flow
    linkAsNewest(flow)
    if timer == nil { expireLater(timeout) }
  }

  func touch(_ flow: DatagramFlow) {
    flow.lastUsed = FlowTable.now()
    guard newest !== flow else { return }
    unlink(flow)
    linkAsNewest(flow)
  }

  func makeRoom() {
    while flows.count >= limit, removeOldest() {}
  }

  /// `false`: there is none.
  @discardableResult
  func removeOldest() -> Bool {
    guard let flow = oldest else { return false }
    unlink(flow)
    flow.close()
    flows[flow.key] = nil
    return true
  }

  func removeAll() {
    while removeOldest() {}
    flows = [:]
    if let timer { loop.cancel(timer) }
    timer = nil
  }

  private func expire() {
    timer = nil
    let now = FlowTable.now()
    while let flow = oldest {
      let rest = flow.lastUsed + timeout - now
      if rest > 0 { return expireLater(rest) }
      removeOldest()
    }
    flows = [:]
  }

  private func expireLater(_ milliseconds: Int64) {
    timer = loop.after(milliseconds: milliseconds) { [unowned self] in expire() }
  }

  private func linkAsNewest(_ flow: DatagramFlow) {
    flow.newer = nil
    flow.older = newest
    newest?.newer = flow
    newest = flow
    if oldest == nil { oldest = flow }
  }

  private func unlink(_ flow: DatagramFlow) {
    if let newer = flow.newer { newer.older = flow.older } else { newest = flow.older }
    if let older = flow.older { older.newer = flow.newer } else { oldest = flow.newer }
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
