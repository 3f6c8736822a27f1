// SPDX-License-Identifier: Apache-2.0
import Addressing
import CLinux
import Errors
import Glibc
import LinuxSystem
import Netlink
import ShimProtocol

/// Puts network interfaces into a workload's network namespace and takes them out again. What has been put there is known by its index: its name is
/// the workload's to change.
///
/// To be called in the host's network namespace; `namespace` is a descriptor of the workload's (`/proc/PID/ns/net`).
package enum Interfaces {
  /// Makes the interfaces and configures them: up, with addresses and routes. All or none.
  package static func attach(_ interfaces: [InterfacePlan], namespace: Int32) throws(HullError) -> [AttachedInterface] {
    guard !interfaces.isEmpty else { return [] }
    let outside = try step("connect to the kernel's routing") { () throws(SystemError) in try RouteSocket() }
    let maker = InterfaceMaker(outside: outside, namespace: namespace)
    let result = try step("enter the network namespace") { () throws(SystemError) in
      try NetworkNamespace.visit(namespace) { () throws(SystemError) in
        let inside = try RouteSocket()
        // The workload does the same in its own time; what listens on the loopback must not wait for that.
        try inside.perform([.setLink(1, name: "lo", up: true)])
        return Result { () throws(HullError) in try maker.attach(interfaces, inside) }
      }
    }
    return try result.get()
  }

  /// Takes an interface out; one that is gone is fine.
  package static func detach(_ interface: AttachedInterface, namespace: Int32) throws(HullError) {
    try step("disconnect interface \(interface.plan.name)") { () throws(SystemError) in
      // The outside end takes the inside one with it, wherever that is by now.
      if case .veth(let host, _, _) = interface.plan.link { return try RouteSocket().deleteLink(interface.outside, name: host) }
      try RouteSocket(inNamespace: namespace).deleteLink(interface.index, name: interface.plan.name)
    }
  }

  /// Moves the default routes to the gateways of these interfaces.
  package static func setGateways(_ interfaces: [AttachedInterface], namespace: Int32) throws(HullError) {
    try step("set the default routes") { () throws(SystemError) in
      let inside = try RouteSocket(inNamespace: namespace)
      let wanted = interfaces.flatMap { interface in interface.plan.gateways.map { (gateway: $0, index: interface.index) } }
      for family in [IPAddress.Family.v4, .v6] {
        let present = try inside.routes(family).filter { $0.destination.length == 0 && $0.table == 254 && $0.kind == 1 && $0.gateway != nil }
        let new = wanted.filter { $0.gateway.family == family }
        for (gateway, index) in new { try inside.perform([.setDefaultRoute(gateway, by: index)]) }
        for route in present {
          guard let gateway = route.gateway, !new.contains(where: { $0.gateway == gateway && $0.index == route.index }) else { continue }
          do throws(SystemError) { try inside.perform([.deleteDefaultRoute(gateway, by: route.index)]) } catch {
            if error.number != ESRCH { throw error }
          }
        }
      }
    }
  }
}

/// An interface that is in a workload's network namespace.
package struct AttachedInterface: Sendable, Equatable {
  package var plan: InterfacePlan
  /// In the workload's namespace.
  package let index: Int32
  /// Of its other end in the host's namespace; 0: it has none.
  package let outside: Int32

  /// The same interface under another plan.
  package func with(_ plan: InterfacePlan) -> AttachedInterface { AttachedInterface(plan: plan, index: index, outside: outside) }
}
