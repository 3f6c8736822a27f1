// SPDX-License-Identifier: Apache-2.0
import Errors

/// The API's Resources, from the flags of `run`, `create` and `update`.
enum RunLimits {
  /// Flag, member of `HostConfig`.
  private static let numbers = [
    ("blkio-weight", "BlkioWeight"), ("cpu-period", "CpuPeriod"), ("cpu-quota", "CpuQuota"), ("cpu-rt-period", "CpuRealtimePeriod"),
    ("cpu-rt-runtime", "CpuRealtimeRuntime"), ("cpu-shares", "CpuShares"), ("cpus", "NanoCpus"), ("memory", "Memory"),
    ("memory-reservation", "MemoryReservation"), ("memory-swap", "MemorySwap"), ("pids-limit", "PidsLimit"),
  ]

  /// The limits that were given.
  static func update(_ call: Invocation) -> JSONObject {
    var limits = JSONObject()
    for (flag, member) in numbers where call.changed(flag) { limits[member] = .int(call.int(flag)) }
    if call.changed("cpuset-cpus") { limits["CpusetCpus"] = .string(call.string("cpuset-cpus")) }
    if call.changed("cpuset-mems") { limits["CpusetMems"] = .string(call.string("cpuset-mems")) }
    return limits
  }

  static func create(_ call: Invocation) throws -> JSONObject {
    var limits = update(call)
    let swappiness = call.int("memory-swappiness")
    guard (-1...100).contains(swappiness) else {
      throw HullError(.invalidArgument, "invalid value: \(swappiness). Valid memory swappiness range is 0-100")
    }
    if swappiness != -1 { limits["MemorySwappiness"] = .int(swappiness) }
    limits["OomKillDisable"] = .bool(call.bool("oom-kill-disable"))
    if call.changed("cgroup-parent") { limits["CgroupParent"] = .string(call.string("cgroup-parent")) }
    if call.changed("device-cgroup-rule") { limits["DeviceCgroupRules"] = .strings(call.list("device-cgroup-rule")) }
    limits["Devices"] = .array(try call.list("device").map(RunValues.device))
    if call.changed("ulimit") { limits["Ulimits"] = .array(try call.list("ulimit").map(RunValues.ulimit)) }
    if call.changed("gpus") { limits["DeviceRequests"] = .array(try call.list("gpus").map(RunValues.gpus)) }
    limits["BlkioWeightDevice"] = .array(try call.list("blkio-weight-device").map(RunValues.weight))
    for (direction, member) in [("read", "Read"), ("write", "Write")] {
      for (unit, name, inBytes) in [("bps", "Bps", true), ("iops", "IOps", false)] {
        limits["BlkioDevice\(member)\(name)"] = .array(
          try call.list("device-\(direction)-\(unit)").map { try RunValues.throttle($0, inBytes: inBytes) })
      }
    }
    return limits
  }
}

/// `--network` with its options, and the older flags that say the same.
enum RunNetworks {
  private static func networks(_ call: Invocation) -> [String] { call.list("network") + call.list("net") }

  /// The first network's name is the container's network mode.
  static func mode(_ call: Invocation) throws -> String { try networks(call).first.map { try parse($0).name } ?? "default" }

  static func endpoints(_ call: Invocation) throws -> JSONObject {
    var endpoints = JSONObject()
    let wanted = networks(call)
    for (index, text) in (wanted.isEmpty ? ["default"] : wanted).enumerated() {
      var (name, settings) = try parse(text)
      if index == 0 { try addFlags(call, &settings, isDefault: isBuiltIn(name)) }
      guard endpoints[name] == nil else { throw HullError(.invalidArgument, "network \(Text.quoted(name)) is specified multiple times") }
      if !settings.isEmpty || wanted.count > 1 { endpoints[name] = .object(settings) }
    }
    return endpoints
  }

  private static func isBuiltIn(_ name: String) -> Bool { ["default", "bridge", "host", "none"].contains(name) || name.hasPrefix("container:") }

  private static func addFlags(_ call: Invocation, _ settings: inout JSONObject, isDefault: Bool) throws {
    let aliases = call.list("network-alias") + call.list("net-alias")
    if !aliases.isEmpty {
      if isDefault { throw HullError(.invalidArgument, "network-scoped aliases are only supported for user-defined networks") }
      settings["Aliases"] = .strings(aliases)
    }
    if !isDefault, call.changed("link") { settings["Links"] = .strings(call.list("link")) }
    var addresses = settings["IPAMConfig"]?.object ?? JSONObject()
    if call.changed("ip") { addresses["IPv4Address"] = .string(call.string("ip")) }
    if call.changed("ip6") { addresses["IPv6Address"] = .string(call.string("ip6")) }
    if call.changed("link-local-ip") { addresses["LinkLocalIPs"] = .strings(call.list("link-local-ip")) }
    if !addresses.isEmpty { settings["IPAMConfig"] = .object(addresses) }
    if call.changed("mac-address") { settings["MacAddress"] = .string(try macAddress(call.string("mac-address"))) }
  }

  private static func macAddress(_ text: String) throws -> String {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 6, parts.allSatisfy({ $0.count == 2 && UInt8($0, radix: 16) != nil }) else {
      throw HullError(.invalidArgument, "\(text) is not a valid mac address")
    }
    return text.lowercased()
  }

  /// `NAME`, or `name=NAME,alias=a,ip=…,driver-opt=k=v`.
  private static func parse(_ text: String) throws -> (name: String, settings: JSONObject) {
    guard text.contains("=") else { return (text, [:]) }
    var name = ""
    var settings = JSONObject()
    var addresses = JSONObject()
    var options = JSONObject()
    for field in try CSV.fields(text) {
      guard let (key, value) = Text.cut(field, "=") else { throw HullError(.invalidArgument, "invalid key=value pair in \(Text.quoted(field))") }
      switch Text.trimmed(key).lowercased() {
      case "name": name = value
      case "alias": settings["Aliases"] = .array((settings["Aliases"]?.array ?? []) + [.string(value)])
      case "ip": addresses["IPv4Address"] = .string(value)
      case "ip6": addresses["IPv6Address"] = .string(value)
      case "link-local-ip": addresses["LinkLocalIPs"] = .array((addresses["LinkLocalIPs"]?.array ?? []) + [.string(value)])
      case "mac-address": settings["MacAddress"] = .string(try macAddress(value))
      case "gw-priority": settings["GwPriority"] = .int(Int(value) ?? 0)
      case "driver-opt":
        guard let (option, setting) = Text.cut(value, "=") else {
          throw HullError(.invalidArgument, "invalid key value pair format in driver options")
        }
        options[option] = .string(setting)
      default: throw HullError(.invalidArgument, "invalid field key \(key)")
      }
    }
    guard !name.isEmpty else { throw HullError(.invalidArgument, "network name/id is not specified") }
    if !addresses.isEmpty { settings["IPAMConfig"] = .object(addresses) }
    if !options.isEmpty { settings["DriverOpts"] = .object(options) }
    return (name, settings)
  }
}
