// SPDX-License-Identifier: Apache-2.0
import Glibc
import ShimLoop

/// One connection through a published port: a socket to the client and one to the workload.
final class Relay {
  let client: RelayEnd
  let workload: RelayEnd
  /// Its place in the port's list.
  var index = 0
  private unowned let port: StreamPort

  /// Takes over both sockets. That of the workload may still be connecting.
  init(client: Int32, workload: Int32, port: StreamPort) {
    self.client = RelayEnd(client, loop: port.loop, pipes: port.settings.pipes)
    self.workload = RelayEnd(workload, loop: port.loop, pipes: port.settings.pipes)
    self.port = port
    self.client.join(self, peer: self.workload)
    self.workload.join(self, peer: self.client)
  }

  /// Ends both connections; with a `reset` when one of them has failed.
  func close(reset: Bool) {
    guard client.isOpen else { return }
    client.close(reset: reset)
    workload.close(reset: reset)
    port.ended(self)
  }
}
