// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import LinuxSystem
import Netlink

/// What the host itself is connected with, in the calling thread's network namespace.
package enum HostNetworks {
  /// The addresses and routes of all interfaces but `excluding` (the bridges of this engine's networks). Default routes say nothing about who
  /// is there, nor do those for half of all addresses, which stand for one. Throws `internalError`. Blocking.
  package static func taken(excluding: Set<String> = []) throws(HullError) -> [TakenPrefix] {
    try Device.wrap { () throws(SystemError) in
      let socket = try RouteSocket()
      let names = try names(socket).filter { !excluding.contains($0.value) }
      var taken: [TakenPrefix] = []
      for address in try socket.addresses() where !address.prefix.address.isLinkLocal && !address.prefix.address.isLoopback {
        if let name = names[address.index] { taken.append(TakenPrefix(address.prefix, .interface(name))) }
      }
      // A kernel without IPv6 has no such routes.
      for route in try socket.routes(.v4) + ((try? socket.routes(.v6)) ?? []) where isTelling(route) {
        if let name = names[route.index] { taken.append(TakenPrefix(route.destination, route.gateway == nil ? .interface(name) : .route(name))) }
      }
      return taken
    }
  }

  /// Every address of the host with its interface, loopback and link-local ones included. Throws `internalError`. Blocking.
  package static func addresses() throws(HullError) -> [TakenPrefix] {
    try Device.wrap { () throws(SystemError) in
      let socket = try RouteSocket()
      let names = try names(socket)
      return try socket.addresses().compactMap { address in names[address.index].map { TakenPrefix(address.prefix, .interface($0)) } }
    }
  }

  private static func isTelling(_ route: Route) -> Bool {
    let address = route.destination.address
    return route.table == 254 && route.destination.length > 1 && !address.isLinkLocal && !address.isMulticast
  }

  private static func names(_ socket: RouteSocket) throws(SystemError) -> [Int32: String] {
    Dictionary(try socket.links().map { ($0.index, $0.name) }, uniquingKeysWith: { first, _ in first })
  }
}
