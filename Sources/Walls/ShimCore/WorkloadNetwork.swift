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
  private var interfaces: [AttachedInterface] = []

  init(loop: EventLoop) {
    self.loop = loop
    ports = PublishedPorts(loop: loop)
  }

  /// Takes the ports of the host before there is a workload: one that is taken is found out early.
  func hold(_ wanted: [PortPlan]) throws(HullError) { try ports.hold(wanted) }

  /// Brings everything to the plan. When a step fails, interfaces that were added are taken out again.
  func apply(_ plan: NetworkPlan, pid: Int32) throws(HullError) {
    let namespace = try step("open the network namespace") { () throws(SystemError) in try Files.open("/proc/\(pid)/ns/net", O_RDONLY | O_CLOEXEC) }
    let added = try Interfaces.attach(plan.interfaces.filter { present($0) == nil }, namespace: namespace.number)
    do throws(HullError) {
      ports.transparent = plan.showsClients
      try ports.hold(plan.ports)
      try answer(plan.resolver, namespace.number)
      let moved = try removeOthers(plan, namespace.number)
      let all = plan.interfaces.compactMap { wanted in
        present(wanted)?.with(wanted) ?? added.first { $0.plan == wanted }
      }
      if moved { try Interfaces.setGateways(all, namespace: namespace.number) }
      interfaces = all
    } catch {
      for interface in added { try? Interfaces.detach(interface, namespace: namespace.number) }
      throw error
    }
  }

  /// The one that is there already, though its gateways may have to change.
  private func present(_ wanted: InterfacePlan) -> AttachedInterface? {
    interfaces.first { $0.plan.name == wanted.name && $0.plan.link == wanted.link }
  }

  /// Takes out what is not in the plan. Gives whether anything that was there is not as it was.
  private func removeOthers(_ plan: NetworkPlan, _ namespace: Int32) throws(HullError) -> Bool {
    let changed = interfaces.contains { !plan.interfaces.contains($0.plan) }
    for interface in interfaces where !plan.interfaces.contains(where: { $0.name == interface.plan.name && $0.link == interface.plan.link }) {
      try Interfaces.detach(interface, namespace: namespace)
      interfaces.removeAll { $0 == interface }
    }
    return changed
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
