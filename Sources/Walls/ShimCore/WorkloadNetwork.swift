// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Interfaces
import LinuxSystem
import Names
import Ports
import ShimLoop
import ShimProtocol

/// How the workload is connected: its interfaces, the name server that answers it, and its published ports.
final class WorkloadNetwork {
  private let loop: EventLoop
  private let ports: PublishedPorts
  private var names: NameServer?
  private var interfaces: [InterfacePlan] = []

  init(loop: EventLoop) {
    self.loop = loop
    ports = PublishedPorts(loop: loop)
  }

  /// Takes the ports of the host before there is a workload: one that is taken is found out early.
  func hold(_ wanted: [PortPlan]) throws(HullError) { try ports.hold(wanted) }

  /// Brings everything to the plan. When a step fails, interfaces that were added are taken out again.
  func apply(_ plan: NetworkPlan, pid: Int32) throws(HullError) {
    let namespace = try step("open the network namespace") { () throws(SystemError) in try Files.open("/proc/\(pid)/ns/net", O_RDONLY | O_CLOEXEC) }
    let added = plan.interfaces.filter { new in !interfaces.contains { $0.name == new.name && $0.link == new.link } }
    let gone = interfaces.filter { old in !plan.interfaces.contains { $0.name == old.name && $0.link == old.link } }
    try Interfaces.attach(added, namespace: namespace.number)
    do throws(HullError) {
      ports.transparent = plan.showsClients
      try ports.hold(plan.ports)
      try answer(plan.resolver, namespace.number)
      let before = interfaces.filter { old in !gone.contains(old) }
      for interface in gone { try Interfaces.detach(interface, namespace: namespace.number) }
      interfaces = plan.interfaces
      if before.contains(where: { !plan.interfaces.contains($0) }) || !gone.isEmpty {
        try Interfaces.setGateways(plan.interfaces, namespace: namespace.number)
      }
    } catch {
      for interface in added { try? Interfaces.detach(interface, namespace: namespace.number) }
      throw error
    }
  }

  /// Gives back memory that only answers need.
  func trim() { names?.trim() }

  func close() {
    names?.close()
    names = nil
    ports.close()
  }

  /// A name server stays once there is one: what was asked of it may still come.
  private func answer(_ plan: ResolverPlan?, _ namespace: Int32) throws(HullError) {
    if let names {
      names.plan = plan ?? ResolverPlan()
    } else if let plan {
      let sockets = try Interfaces.resolverSockets(namespace: namespace)
      names = NameServer(udp: sockets.udp, tcp: sockets.tcp, plan: plan, loop: loop)
    }
  }
}
