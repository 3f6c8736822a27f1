// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// Links, addresses and routes of one network namespace, by rtnetlink(7). Not for several threads at once.
package final class RouteSocket {
  let socket: NetlinkSocket

  /// In the calling thread's network namespace.
  package init() throws(SystemError) { socket = try NetlinkSocket(NetlinkFamily.route) }

  /// In another one; the calling thread stays where it is.
  package init(inNamespace namespace: Int32) throws(SystemError) {
    socket = try NetlinkSocket(NetlinkFamily.route, inNamespace: namespace)
  }

  /// Does several things in one call: see `NetlinkSocket.perform`.
  package func perform(_ requests: [NetlinkRequest]) throws(SystemError) { try socket.perform(requests) }

  /// Brings `lo` (always interface 1) up in the calling thread's network namespace.
  package static func loopbackUp() throws(SystemError) { try RouteSocket().perform([.setLink(1, name: "lo", up: true)]) }
}
