// SPDX-License-Identifier: Apache-2.0
import ShimProtocol

/// A network of its own with published ports and workloads behind them.
final class Stage {
  let network: TestNetwork
  let relay: RelayThread
  private var workloads: [Workload] = []

  fileprivate init(_ network: TestNetwork, _ relay: RelayThread) {
    self.network = network
    self.relay = relay
  }

  /// The workload ends with the stage.
  func add(_ workload: Workload) -> Workload {
    workloads.append(workload)
    return workload
  }

  /// One that serves each connection so.
  func workload(port: UInt16 = 9000, _ serve: @escaping @Sendable (TestSocket) throws -> Void) throws -> Workload {
    add(try Workload(port: port) { try serve($0) })
  }

  fileprivate func end() {
    relay.end()
    for workload in workloads { workload.end() }
    network.leave()
  }
}

/// Runs `body` and cleans up after it.
func onStage(transparent: Bool = false, datagramTimeout: Int64 = 90_000, flowLimit: Int = 1024, _ body: (Stage) throws -> Void) throws {
  let network = try TestNetwork()
  let relay = try RelayThread(transparent: transparent, datagramTimeout: datagramTimeout, flowLimit: flowLimit)
  let stage = Stage(network, relay)
  defer { stage.end() }
  try body(stage)
}
