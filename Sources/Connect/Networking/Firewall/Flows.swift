// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import LinuxSystem
import Netlink

/// Flows of datagrams that the kernel remembers (conntrack, linux/netfilter/nfnetlink_conntrack.h). A flow keeps the way that its first packet
/// took: a client that goes on sending never notices that a port was published or that a workload is another one, unless it is forgotten.
enum Flows {
  /// Forgets what the kernel knows of flows to these ports: those sent on to the ports' workloads, and those that had no translation at all.
  /// Their next packet is judged anew. Only for UDP: a TCP connection does not outlive its workload. Does what it can: a kernel that does not
  /// list flows keeps them until they time out. Blocking.
  static func forget(_ ports: [PublishedPort]) {
    let ports = ports.filter { $0.transport == .udp && !$0.hostAddress.isLoopback }
    guard !ports.isEmpty, let socket = try? NetlinkSocket(netfilter) else { return }
    for family in Set(ports.map(\.hostAddress.family)) {
      guard let flows = try? socket.query(request(get, family, .dump)).compactMap({ Flow($0) }) else { continue }
      for flow in flows where ports.contains(where: { flow.concerns($0) }) {
        var removal = request(delete, family, .acknowledge)
        removal.attribute(originalTuple, flow.original.raw)
        try? socket.perform([removal])
      }
    }
  }

  private static let netfilter: Int32 = 12
  private static let get: UInt16 = 0x101
  private static let delete: UInt16 = 0x102
  fileprivate static let originalTuple: UInt16 = 1
  fileprivate static let replyTuple: UInt16 = 2

  /// struct nfgenmsg
  private static func request(_ type: UInt16, _ family: IPAddress.Family, _ flags: NetlinkRequest.Flags) -> NetlinkRequest {
    var request = NetlinkRequest(type, flags, "list flows")
    request.append(family.number)
    request.append(UInt8(0))
    request.append(UInt16(0))
    return request
  }
}

/// A flow: how its packets came in, and how the answers look.
private struct Flow {
  struct Tuple {
    let raw: [UInt8]
    let source, destination: IPAddress
    let transport: UInt8
    let destinationPort: UInt16

    init?(_ bytes: ArraySlice<UInt8>?) {
      guard let bytes, let ip = bytes.attributes[1]?.attributes, let transport = bytes.attributes[2]?.attributes,
        let source = (ip[1] ?? ip[3]).flatMap({ IPAddress(bytes: $0) }), let destination = (ip[2] ?? ip[4]).flatMap({ IPAddress(bytes: $0) })
      else { return nil }
      raw = Array(bytes)
      (self.source, self.destination) = (source, destination)
      self.transport = transport[1]?.number() ?? 0
      destinationPort = UInt16(bigEndian: transport[3]?.number() ?? 0)
    }
  }

  let original: Tuple
  let reply: Tuple

  init?(_ message: NetlinkMessage) {
    let attributes = message.attributes(after: 4)
    guard let original = Tuple(attributes[Flows.originalTuple]), let reply = Tuple(attributes[Flows.replyTuple]) else { return nil }
    (self.original, self.reply) = (original, reply)
  }

  func concerns(_ port: PublishedPort) -> Bool {
    guard original.transport == UInt8(IPPROTO_UDP), original.destinationPort == port.hostPort,
      port.hostAddress.isUnspecified || port.hostAddress == original.destination
    else { return false }
    let isUntranslated = reply.source == original.destination && reply.destination == original.source
    return isUntranslated || reply.source == port.address
  }
}
