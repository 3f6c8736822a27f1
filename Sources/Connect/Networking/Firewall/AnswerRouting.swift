// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import Glibc
import LinuxSystem
import Netlink

/// With local delivery, a process of the host speaks to a workload with its client's address: the answers are addressed to somebody else and
/// must come back to the process all the same. The firewall marks them; this rule and route lead what is marked into the host itself
/// (Documentation/networking/tproxy.rst).
package enum AnswerRouting {
  package static let defaultMark: UInt32 = 0x2_0000
  private static let priority: UInt32 = 32_100

  /// Makes rule and route for both families, as far as they are missing, in the calling thread's network namespace. `mark`: one bit, not used
  /// otherwise on the host; the number of the routing table is the same. Throws `forbidden` or `internalError`. Blocking.
  package static func set(mark: UInt32) throws(HullError) {
    try forEachFamily { (family, socket) throws(SystemError) in
      let known = try socket.query(list(family)).contains { isOurs($0, mark) }
      let requests = [route(24, family, mark, [.acknowledge, .create, .replace]), rule(32, family, mark, [.acknowledge, .create, .exclusive])]
      try socket.perform(known ? [requests[0]] : requests)
    }
  }

  /// Removes rule and route; what is gone already is fine. Blocking.
  package static func remove(mark: UInt32) throws(HullError) {
    try forEachFamily { (family, socket) throws(SystemError) in
      for request in [rule(33, family, mark, .acknowledge), route(25, family, mark, .acknowledge)] { try removeIfThere(request, socket) }
    }
  }

  private static func removeIfThere(_ request: NetlinkRequest, _ socket: NetlinkSocket) throws(SystemError) {
    do throws(SystemError) { try socket.perform([request]) } catch { if error.number != ENOENT && error.number != ESRCH { throw error } }
  }

  private static func forEachFamily(_ body: (IPAddress.Family, NetlinkSocket) throws(SystemError) -> Void) throws(HullError) {
    for family in [IPAddress.Family.v4, .v6] {
      do {
        try body(family, try NetlinkSocket(NetlinkFamily.route))
      } catch {
        // A kernel without IPv6 has nothing to route.
        if family == .v6 && [EAFNOSUPPORT, EOPNOTSUPP].contains(error.number) { continue }
        throw HullError("cannot set up the way for answers", error, code: error.number == EPERM ? .forbidden : .internalError)
      }
    }
  }

  /// RTM_NEWRULE or RTM_DELRULE (struct fib_rule_hdr): what has the mark's bit is looked up in its own table.
  private static func rule(_ type: UInt16, _ family: IPAddress.Family, _ mark: UInt32, _ flags: NetlinkRequest.Flags) -> NetlinkRequest {
    var request = header(type, family, flags, "routing rule for what is marked \(mark)")
    // Table, two reserved bytes, FR_ACT_TO_TBL.
    for byte in [UInt8(0), 0, 0, 1] { request.append(byte) }
    request.append(UInt32(0))
    request.attribute(6, priority)
    request.attribute(10, mark)
    request.attribute(16, mark)
    request.attribute(15, mark)
    return request
  }

  /// RTM_NEWROUTE or RTM_DELROUTE (struct rtmsg): everything in the mark's table is for the host itself, as if it came by `lo`.
  private static func route(_ type: UInt16, _ family: IPAddress.Family, _ mark: UInt32, _ flags: NetlinkRequest.Flags) -> NetlinkRequest {
    var request = header(type, family, flags, "route for what is marked \(mark)")
    // Table (in the attribute), RTPROT_STATIC, RT_SCOPE_HOST, RTN_LOCAL.
    for byte in [UInt8(0), 4, 254, 2] { request.append(byte) }
    request.append(UInt32(0))
    request.attribute(15, mark)
    request.attribute(4, UInt32(1))
    return request
  }

  /// RTM_GETRULE
  private static func list(_ family: IPAddress.Family) -> NetlinkRequest {
    var request = header(34, family, .dump, "list the routing rules")
    request.append(UInt64(0))
    return request
  }

  private static func header(_ type: UInt16, _ family: IPAddress.Family, _ flags: NetlinkRequest.Flags, _ purpose: String) -> NetlinkRequest {
    var request = NetlinkRequest(type, flags, purpose)
    request.append(family.number)
    request.append(UInt8(0))
    request.append(UInt16(0))
    return request
  }

  private static func isOurs(_ message: NetlinkMessage, _ mark: UInt32) -> Bool {
    let attributes = message.attributes(after: 12)
    return [10, 16, 15].allSatisfy { attributes[$0]?.number() == mark }
  }
}
