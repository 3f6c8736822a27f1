// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import Glibc
import ShimLoop
import ShimProtocol

/// What stands behind a port that is held.
protocol HeldPort: AnyObject {
  var plan: PortPlan { get }
  /// Ends the connections and goes on with another target.
  func redirect(_ plan: PortPlan)
  /// Gives the port up and ends its connections.
  func close()
}

/// What can be held once only.
private struct HostPort: Hashable {
  let transport: PortPlan.Transport
  let address: IPAddress
  let port: UInt16

  init(_ plan: PortPlan) {
    transport = plan.transport
    address = plan.hostAddress
    port = plan.hostPort
  }
}

/// What all ports of a workload have in common.
final class RelaySettings {
  var transparent = false
  /// Milliseconds after which a UDP client that is silent, and is not answered, is forgotten.
  let datagramTimeout: Int64
  /// UDP clients of one port that are known at a time.
  let flowLimit: Int
  let pipes = PipePool()
  private var descriptorLimit: Int32 = 0

  init(datagramTimeout: Int64, flowLimit: Int) {
    self.datagramTimeout = datagramTimeout
    self.flowLimit = flowLimit
    readDescriptorLimit()
  }

  func readDescriptorLimit() {
    var limits = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    let limit = Int32(clamping: limits.rlim_cur)
    descriptorLimit = limit - min(128, limit / 4)
  }

  /// Whether this descriptor is one of the last: they are for the workload's supervision, not for its clients.
  /// (The kernel gives the lowest free number.)
  func isScarce(_ descriptor: Int32) -> Bool { descriptor >= descriptorLimit }
}

/// The published ports of a workload. Each is held by a socket on the host, so that nobody else can take it, and what reaches that
/// socket is relayed to the workload: the traffic that the kernel's own address translation does not see. SIGPIPE must be blocked or ignored.
package final class PublishedPorts {
  /// Whether the workload sees its clients' addresses. Others must have set up policy routing that brings its answers back to this
  /// host's sockets. Where a client's address cannot be taken, the workload sees the host's.
  package var transparent: Bool {
    get { settings.transparent }
    set { settings.transparent = newValue }
  }

  private let loop: EventLoop
  private let settings: RelaySettings
  private var held: [HostPort: any HeldPort] = [:]

  package convenience init(loop: EventLoop) { self.init(loop: loop, datagramTimeout: 90_000, flowLimit: 1024) }

  /// `datagramTimeout`: milliseconds until a silent UDP client is forgotten; `flowLimit`: how many of them a port knows at a time.
  package init(loop: EventLoop, datagramTimeout: Int64, flowLimit: Int) {
    self.loop = loop
    settings = RelaySettings(datagramTimeout: datagramTimeout, flowLimit: flowLimit)
  }

  /// Brings what is held to exactly `ports`: opens what is new, closes what is gone with its connections, leaves the rest alone.
  /// A port of the host that gets another target is held on without a gap; its connections end.
  ///
  /// All or nothing: after an error what was held before is held still. The error is `internalError` when a port is taken, and says who has it.
  package func hold(_ ports: [PortPlan]) throws(HullError) {
    settings.readDescriptorLimit()
    let wanted = try byHostPort(ports)
    var opened: [(plan: PortPlan, socket: Int32)] = []
    do throws(HullError) {
      for (key, plan) in wanted where held[key] == nil { opened.append((plan, try HostSocket.open(plan))) }
    } catch {
      for port in opened { IO.close(port.socket) }
      throw error
    }
    for (key, port) in held { settle(key, port, wanted[key]) }
    for port in opened { held[HostPort(port.plan)] = serve(port.socket, port.plan) }
  }

  private func byHostPort(_ ports: [PortPlan]) throws(HullError) -> [HostPort: PortPlan] {
    var plans: [HostPort: PortPlan] = [:]
    for plan in ports {
      guard plans.updateValue(plan, forKey: HostPort(plan)) ?? plan == plan else {
        throw PortFailure(plan, EADDRINUSE).error(holder: "another port of this container")
      }
    }
    return plans
  }

  private func settle(_ key: HostPort, _ port: any HeldPort, _ plan: PortPlan?) {
    if let plan {
      if plan != port.plan { port.redirect(plan) }
    } else {
      port.close()
      held[key] = nil
    }
  }

  package func close() {
    for port in held.values { port.close() }
    held = [:]
  }

  private func serve(_ socket: Int32, _ plan: PortPlan) -> any HeldPort {
    if plan.transport == .udp { return DatagramPort(socket, plan, loop: loop, settings: settings) }
    return StreamPort(socket, plan, loop: loop, settings: settings)
  }
}
