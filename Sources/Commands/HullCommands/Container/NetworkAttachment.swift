// SPDX-License-Identifier: Apache-2.0
import Errors

/// One network of a container to be, and what it wants there: a `--network` of `run`, and the older flags that say the same.
struct NetworkAttachment {
  var name = ""
  var aliases: [String] = []
  var links: [String] = []
  var ipv4 = ""
  var ipv6 = ""
  var linkLocal: [String] = []
  var mac = ""
  var options = JSONObject()
  var gatewayPriority = 0

  /// Networks that the engine has by itself, and namespaces of others: these know no aliases.
  var isUserDefined: Bool { !["default", "bridge", "host", "none"].contains(name) && !name.hasPrefix("container:") }

  /// `NAME`, or `name=NAME,alias=a,ip=…,ip6=…,link-local-ip=…,mac-address=…,driver-opt=k=v,gw-priority=n`.
  ///
  /// Keys may be written in capitals. Values are taken as they are, other than docker's client does it, which lowers them:
  /// a network whose name has capitals could not be named.
  init(_ text: String) throws(HullError) {
    guard text.contains("=") else {
      name = text
      return
    }
    for field in try CSV.fields(text) {
      guard let (key, value) = Text.cut(field, "="), !key.isEmpty else { throw HullError(.invalidArgument, "invalid field \(field)") }
      try set(Text.trimmed(key).lowercased(), Text.trimmed(value))
    }
    guard !name.isEmpty else { throw HullError(.invalidArgument, "network name/id is not specified") }
  }

  private mutating func set(_ key: String, _ value: String) throws(HullError) {
    switch key {
    case "name": name = value
    case "alias": aliases.append(value)
    case "ip": ipv4 = value
    case "ip6": ipv6 = value
    case "link-local-ip": linkLocal.append(value)
    case "mac-address": mac = value.lowercased()
    case "driver-opt":
      guard let (option, setting) = Text.cut(value, "="), !option.isEmpty else {
        throw HullError(.invalidArgument, "invalid key value pair format in driver options")
      }
      options[option] = .string(setting)
    case "gw-priority":
      guard let number = Int(value) else {
        let isNumber = !value.isEmpty && value.drop { $0 == "-" }.allSatisfy { $0.isASCII && $0.isNumber }
        throw HullError(.invalidArgument, "invalid gw-priority (\(value)): \(isNumber ? "value out of range" : "invalid syntax")")
      }
      gatewayPriority = number
    default: throw HullError(.invalidArgument, "invalid field key \(key)")
    }
  }

  /// An `EndpointSettings` of the API with what was asked for; empty when that is nothing.
  func settings() throws(HullError) -> JSONObject {
    guard !name.isEmpty else { throw HullError(.invalidArgument, "no name set for network") }
    if !isUserDefined, !aliases.isEmpty {
      throw HullError(.invalidArgument, "network-scoped aliases are only supported for user-defined networks")
    }
    guard mac.isEmpty || Self.isHardwareAddress(mac) else { throw HullError(.invalidArgument, "\(mac) is not a valid mac address") }
    var settings = JSONObject()
    let addresses = Self.addresses(ipv4: ipv4, ipv6: ipv6, linkLocal: linkLocal)
    if !addresses.isEmpty { settings["IPAMConfig"] = .object(addresses) }
    if !links.isEmpty { settings["Links"] = .strings(links) }
    if !aliases.isEmpty { settings["Aliases"] = .strings(aliases) }
    if !mac.isEmpty { settings["MacAddress"] = .string(mac) }
    if !options.isEmpty { settings["DriverOpts"] = .object(options) }
    if gatewayPriority != 0 { settings["GwPriority"] = .int(gatewayPriority) }
    return settings
  }

  /// An `EndpointIPAMConfig` with the addresses that are not empty.
  static func addresses(ipv4: String, ipv6: String, linkLocal: [String]) -> JSONObject {
    var addresses = JSONObject()
    if !ipv4.isEmpty { addresses["IPv4Address"] = .string(ipv4) }
    if !ipv6.isEmpty { addresses["IPv6Address"] = .string(ipv6) }
    if !linkLocal.isEmpty { addresses["LinkLocalIPs"] = .strings(linkLocal) }
    return addresses
  }

  /// Six, eight or twenty bytes: `02:42:ac:11:00:02`, `02-42-ac-11-00-02` or `0242.ac11.0002`.
  static func isHardwareAddress(_ text: String) -> Bool {
    let separator: Character = text.contains("-") ? "-" : text.contains(".") ? "." : ":"
    let groups = text.split(separator: separator, omittingEmptySubsequences: false)
    let digits = separator == "." ? 4 : 2
    return [6, 8, 20].contains(groups.count * digits / 2) && groups.allSatisfy { $0.utf8.count == digits && $0.allSatisfy(\.isHexDigit) }
  }
}
