// SPDX-License-Identifier: Apache-2.0
import Errors

/// `-p [ip:][host[-host]:]container[-container][/protocol]` and `--expose`.
enum PortSpec {
  struct Binding: Equatable {
    /// `80/tcp`
    var port: String
    var hostIP: String
    /// Empty: any free port; a range `8000-8010`: one of them.
    var hostPort: String
  }

  /// Published ports, one binding for each container port.
  static func published(_ text: String) throws(HullError) -> [Binding] {
    let spec = text.contains("=") ? try longForm(text) : text
    let (body, proto) = parted(spec)
    guard ["tcp", "udp", "sctp"].contains(proto) else { throw HullError(.invalidArgument, "invalid proto: \(proto)") }
    let (address, host, container) = try parts(body, spec)
    guard !container.isEmpty else { throw HullError(.invalidArgument, "no port specified: \(spec)<empty>") }
    guard let inside = range(container) else { throw HullError(.invalidArgument, "invalid containerPort: \(container)") }
    if !address.isEmpty, !RunValues.isAddress(address) { throw HullError(.invalidArgument, "invalid IP address: \(address)") }
    guard !host.isEmpty else { return inside.map { Binding(port: "\($0)/\(proto)", hostIP: address, hostPort: "") } }
    guard let outside = range(host) else { throw HullError(.invalidArgument, "invalid hostPort: \(host)") }
    if inside.count == 1, outside.count > 1 { return [Binding(port: "\(inside.lowerBound)/\(proto)", hostIP: address, hostPort: host)] }
    guard inside.count == outside.count else {
      throw HullError(.invalidArgument, "invalid ranges specified for container and host Ports: \(container) and \(host)")
    }
    return zip(inside, outside).map { Binding(port: "\($0)/\(proto)", hostIP: address, hostPort: "\($1)") }
  }

  /// `PortBindings` of the API: container ports, each with its places on the host.
  static func bindings(_ all: [Binding]) -> JSONObject {
    var ports = JSONObject()
    for binding in all {
      let place: JSON = ["HostIp": .string(binding.hostIP), "HostPort": .string(binding.hostPort)]
      ports[binding.port] = .array((ports[binding.port]?.array ?? []) + [place])
    }
    return ports
  }

  /// Exposed ports: `80`, `80/udp`, `8000-8010/tcp`.
  static func exposed(_ text: String) throws(HullError) -> [String] {
    guard !text.contains(":") else { throw HullError(.invalidArgument, "invalid port format for --expose: \(text)") }
    let (ports, proto) = parted(text)
    guard let range = range(ports) else {
      throw HullError(.invalidArgument, "invalid range format for --expose: \(text), error: \(fault(in: ports))")
    }
    return range.map { "\($0)/\(proto)" }
  }

  /// What is wrong with a port or a range of ports, as Go's parser says it.
  static func fault(in ports: String) -> String {
    guard !ports.isEmpty else { return "empty string specified for ports" }
    guard let wrong = Text.split(ports, "-").first(where: { range($0) == nil }) else { return "invalid range specified for port: \(ports)" }
    let isNumber = !wrong.isEmpty && wrong.allSatisfy { $0.isASCII && $0.isNumber }
    return "strconv.ParseUint: parsing \(Text.quoted(wrong)): \(isNumber ? "value out of range" : "invalid syntax")"
  }

  /// `80-82/udp` into ports and protocol; without one it is `tcp`.
  static func parted(_ text: String) -> (ports: String, proto: String) {
    guard let (ports, proto) = Text.cut(text, "/") else { return (text, "tcp") }
    return (ports, proto.isEmpty ? "tcp" : proto.lowercased())
  }

  private static func parts(_ body: String, _ spec: String) throws(HullError) -> (address: String, host: String, container: String) {
    if body.hasPrefix("[") {
      guard let end = body.firstIndex(of: "]") else { throw HullError(.invalidArgument, "invalid IP address: \(body)") }
      let address = String(body[body.index(after: body.startIndex)..<end])
      let rest = Text.split(body[body.index(after: end)...], ":")
      guard rest.count == 3, rest[0].isEmpty else { throw HullError(.invalidArgument, "invalid port specification: \(spec)") }
      return (address, rest[1], rest[2])
    }
    let words = Text.split(body, ":")
    switch words.count {
    case 1: return ("", "", words[0])
    case 2: return ("", words[0], words[1])
    case 3: return (words[0], words[1], words[2])
    default: return (words.dropLast(2).joined(separator: ":"), words[words.count - 2], words[words.count - 1])
    }
  }

  static func range(_ text: String) -> ClosedRange<Int>? {
    let ends = Text.split(text, "-").map { text in text.allSatisfy { $0.isASCII && $0.isNumber } ? Int(text) : nil }
    guard ends.count <= 2, let first = ends[0], let last = ends.count == 2 ? ends[1] : first else { return nil }
    return first <= last && first >= 0 && last <= 65535 ? first...last : nil
  }

  /// `target=80,published=8080,protocol=udp`
  private static func longForm(_ text: String) throws(HullError) -> String {
    var fields = ["protocol": "tcp"]
    for field in Text.split(text, ",") {
      guard let (key, value) = Text.cut(field, "="), !key.isEmpty else {
        throw HullError(.invalidArgument, "invalid publish opts format (should be name=value but got '\(field)')")
      }
      fields[key] = value
    }
    return "\(fields["published"] ?? ""):\(fields["target"] ?? "")/\(fields["protocol"] ?? "tcp")"
  }
}
