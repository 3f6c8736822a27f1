// SPDX-License-Identifier: Apache-2.0
import Glibc

/// How Go prints and judges values, as far as JSON can tell.
enum GoFormat {
  /// Members of the API's types that are maps: a missing key in them is no error.
  static let mapFields: Set<String> = [
    "Labels", "Ports", "Networks", "Volumes", "ExposedPorts", "PortBindings", "Options", "Annotations", "Sysctls", "Tmpfs", "StorageOpt",
    "DriverOpts", "Data", "Config", "Attributes", "Details", "Containers", "AuxiliaryAddresses",
  ]
  private static let listFields: Set<String> = [
    "Args", "Binds", "CapAdd", "CapDrop", "Cmd", "Dns", "DnsOptions", "DnsSearch", "Devices", "DeviceCgroupRules", "DeviceRequests", "Entrypoint",
    "Env", "ExecIDs", "ExtraHosts", "GroupAdd", "Links", "OnBuild", "SecurityOpt", "Ulimits", "VolumesFrom", "BlkioWeightDevice",
    "BlkioDeviceReadBps",
    "BlkioDeviceWriteBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteIOps", "Mounts", "RepoTags", "RepoDigests", "Aliases", "DNSNames", "Layers",
    "Shell", "MaskedPaths", "ReadonlyPaths", "Test", "Warnings", "Tags",
  ]
  /// What a member is that the engine leaves out when it is empty.
  static let omittedFields: [String: JSON] = [
    "Mounts": [], "Shell": [], "Annotations": [:], "Sysctls": [:], "Tmpfs": [:], "StorageOpt": [:], "Labels": [:], "ExposedPorts": [:],
    "Volumes": [:],
    "Init": .null, "StopTimeout": .null, "StopSignal": "", "MacAddress": "", "CgroupParent": "", "Comment": "", "Author": "", "Variant": "",
    "OnBuild": [],
  ]

  /// A `null` in the API's types is an empty list or map more often than nothing.
  static func typedNull(_ name: String) -> JSON {
    if listFields.contains(name) { return [] }
    if mapFields.contains(name) { return [:] }
    return .null
  }

  /// As `{{.}}` prints it.
  static func print(_ value: JSON) -> String { value.isNull ? "<no value>" : nested(value) }

  private static func nested(_ value: JSON) -> String {
    switch value {
    case .null: "<nil>"
    case .bool(let flag): flag ? "true" : "false"
    case .number(let digits): digits
    case .string(let text): text
    case .array(let elements): "[" + elements.map(nested).joined(separator: " ") + "]"
    case .object(let object) where layout(object) != nil:
      "{" + (layout(object) ?? []).map { object[$0].map(nested) ?? "" }.joined(separator: " ") + "}"
    case .object(let object): "map[" + object.sorted.map { "\($0.key):\($0.value == [:] ? "{}" : nested($0.value))" }.joined(separator: " ") + "]"
    }
  }

  /// Types of the API that are often printed whole, by their members: Go prints those without names.
  private static let layouts = [["HostIp", "HostPort"], ["Type", "Name", "Source", "Destination", "Driver", "Mode", "RW", "Propagation"]]

  private static func layout(_ object: JSONObject) -> [String]? {
    layouts.first { layout in layout.prefix(2).contains { object[$0] != nil } && object.count > 1 && object.keys.allSatisfy(layout.contains) }
  }

  /// Go's truth: not the zero value of its type.
  static func isTrue(_ value: JSON) -> Bool {
    switch value {
    case .null: false
    case .bool(let flag): flag
    case .number(let digits): Double(digits) != 0
    case .string(let text): !text.isEmpty
    case .array(let elements): !elements.isEmpty
    case .object(let object): !object.isEmpty
    }
  }

  static func typeName(_ value: JSON) -> String {
    switch value {
    case .null: "nil"
    case .bool: "bool"
    case .number: "json.Number"
    case .string: "string"
    case .array: "[]interface {}"
    case .object: "map[string]interface {}"
    }
  }

  /// `printf` with Go's verbs: v s d q t x X f e g and %, with flags, width and precision.
  static func printf(_ pattern: String, _ arguments: [JSON]) -> String {
    var out = ""
    var next = arguments[...]
    var rest = Array(pattern)[...]
    while let character = rest.popFirst() {
      guard character == "%" else {
        out.append(character)
        continue
      }
      var flags = ""
      while let flag = rest.first, "+-# 0".contains(flag) {
        flags.append(flag)
        rest.removeFirst()
      }
      let width = digits(&rest)
      var precision: Int?
      if rest.first == "." {
        rest.removeFirst()
        precision = digits(&rest) ?? 0
      }
      guard let verb = rest.popFirst() else { return out + "%!(NOVERB)" }
      if verb == "%" {
        out += "%"
        continue
      }
      guard let value = next.popFirst() else {
        out += "%!\(verb)(MISSING)"
        continue
      }
      out += padded(one(verb, flags, precision, value), flags, width ?? 0)
    }
    if !next.isEmpty { out += "%!(EXTRA " + next.map { "\(typeName($0))=\(nested($0))" }.joined(separator: ", ") + ")" }
    return out
  }

  private static func digits(_ rest: inout ArraySlice<Character>) -> Int? {
    let number = rest.prefix { $0.isNumber }
    rest.removeFirst(number.count)
    return number.isEmpty ? nil : min(Int(String(number)) ?? 0, 10000)
  }

  private static func one(_ verb: Character, _ flags: String, _ precision: Int?, _ value: JSON) -> String {
    switch (verb, value) {
    case ("v", _): return nested(value)
    case ("s", .string(let text)): return precision.map { String(text.prefix($0)) } ?? text
    case ("s", .array), ("s", .object): return nested(value)
    case ("q", .string(let text)): return Text.quoted(text)
    case ("t", .bool(let flag)): return flag ? "true" : "false"
    case ("d", .number):
      guard let number = value.int else { return "%!d(float64=\(nested(value)))" }
      return (flags.contains("+") && number >= 0 ? "+" : "") + String(number)
    case ("x", .number), ("X", .number): return String(value.int ?? 0, radix: 16, uppercase: verb == "X")
    case ("f", .number), ("e", .number), ("g", .number): return Units.format("%.\(precision ?? 6)\(verb)", value.double ?? 0)
    case ("x", .string(let text)): return text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    default: return "%!\(verb)(\(typeName(value))=\(nested(value)))"
    }
  }

  private static func padded(_ text: String, _ flags: String, _ width: Int) -> String {
    let missing = max(0, width - text.count)
    if flags.contains("-") { return text + String(repeating: " ", count: missing) }
    if flags.contains("0"), let first = text.first, first == "-" || first == "+" {
      return String(first) + String(repeating: "0", count: missing) + text.dropFirst()
    }
    return String(repeating: flags.contains("0") ? "0" : " ", count: missing) + text
  }
}
