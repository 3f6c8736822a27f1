// SPDX-License-Identifier: Apache-2.0
import Addressing
import EngineStore
import Errors
import Networking

/// What a network's driver options say (`docker network create -o KEY=VALUE`).
struct NetworkOptions: Sendable {
  private let definition: NetworkDefinition
  private let id: String

  init(_ definition: NetworkDefinition, id: String) {
    self.definition = definition
    self.id = id
  }

  private func text(_ key: String) -> String? { definition.options[key].flatMap { $0.isEmpty ? nil : $0 } }

  /// Throws `invalidArgument` for a value that is none.
  func check() throws(HullError) {
    for key in [Key.masquerade, Key.interContainer, Key.inhibitIPv4] {
      guard let text = text(key), !["true", "false", "1", "0", "t", "f", "T", "F", "TRUE", "FALSE", "True", "False"].contains(text) else { continue }
      throw HullError(.invalidArgument, "invalid value '\(text)' of driver option \(key): use true or false")
    }
    if let text = text(Key.mtu), !(Int(text).map { (0...65535).contains($0) } ?? false) {
      throw HullError(.invalidArgument, "invalid value '\(text)' of driver option \(Key.mtu): use a number of bytes")
    }
    for key in [Key.bindIPv4, Key.sourceIPv4, Key.sourceIPv6] {
      if let text = text(key), IPAddress(text) == nil {
        throw HullError(.invalidArgument, "invalid value '\(text)' of driver option \(key): use an IP address")
      }
    }
    for key in [Key.mode4, Key.mode6] {
      if let text = text(key), GatewayMode(rawValue: text) == nil {
        throw HullError(.invalidArgument, "unknown gateway mode \(text): use nat, nat-unprotected, routed or isolated")
      }
    }
    if let name = text(Key.bridgeName) { try InterfaceName.check(name) }
    if let prefix = text(Key.interfacePrefix) { try InterfaceName.check(prefix + "0") }
  }

  var bridge: String { text(Key.bridgeName) ?? "br-" + id.prefix(12) }
  var mtu: UInt32? { text(Key.mtu).flatMap { UInt32($0) }.flatMap { $0 == 0 ? nil : $0 } }
  var masquerades: Bool { flag(Key.masquerade) ?? true }
  /// Whether the containers of the network reach each other.
  var interContainer: Bool { flag(Key.interContainer) ?? true }
  /// The bridge has no address of its own.
  var inhibitIPv4: Bool { flag(Key.inhibitIPv4) ?? false }
  var bindAddress: IPAddress? { text(Key.bindIPv4).flatMap { IPAddress($0) } }
  var sources: [IPAddress] { [Key.sourceIPv4, Key.sourceIPv6].compactMap { text($0).flatMap { IPAddress($0) } } }
  func mode(_ family: IPAddress.Family) -> GatewayMode { text(family == .v4 ? Key.mode4 : Key.mode6).flatMap(GatewayMode.init) ?? .nat }
  /// What interfaces in containers are called, without the number.
  var interfacePrefix: String { text(Key.interfacePrefix) ?? "eth" }
  var parent: String? { text("parent") }

  private func flag(_ key: String) -> Bool? { text(key).map { ["true", "1", "t", "T", "TRUE", "True"].contains($0) } }

  enum Key {
    static let bridgeName = "com.docker.network.bridge.name"
    static let masquerade = "com.docker.network.bridge.enable_ip_masquerade"
    static let interContainer = "com.docker.network.bridge.enable_icc"
    static let inhibitIPv4 = "com.docker.network.bridge.inhibit_ipv4"
    static let bindIPv4 = "com.docker.network.bridge.host_binding_ipv4"
    static let mode4 = "com.docker.network.bridge.gateway_mode_ipv4"
    static let mode6 = "com.docker.network.bridge.gateway_mode_ipv6"
    static let defaultBridge = "com.docker.network.bridge.default_bridge"
    static let mtu = "com.docker.network.driver.mtu"
    static let sourceIPv4 = "com.docker.network.host_ipv4"
    static let sourceIPv6 = "com.docker.network.host_ipv6"
    static let interfacePrefix = "com.docker.network.container_iface_prefix"
  }
}

/// The name of a network interface (Linux, `dev_valid_name`; `%` would stand for a number that the kernel chooses).
enum InterfaceName {
  static func check(_ name: String) throws(HullError) {
    let isValid =
      (1...15).contains(name.utf8.count) && name != "." && name != ".."
      && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"/:%".utf8.contains($0) }
    if !isValid {
      throw HullError(.invalidArgument, "invalid interface name '\(name)': at most 15 characters, without '/', ':', '%' and white space")
    }
  }
}
