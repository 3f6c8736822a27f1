// SPDX-License-Identifier: Apache-2.0

/// Ports as `ps` shows them: `0.0.0.0:8080->80/tcp, 443/tcp`, neighbours as a range.
enum PortDisplay {
  private struct Port {
    var address: String
    var inside: Int
    var outside: Int
    var kind: String

    init(_ json: JSON) {
      address = json["IP"].text
      inside = json["PrivatePort"].int ?? 0
      outside = json["PublicPort"].int ?? 0
      kind = json["Type"].text
    }
  }

  static func text(_ ports: [JSON]) -> String {
    let sorted = ports.map(Port.init).sorted { ($0.inside, $0.address, $0.outside, $0.kind) < ($1.inside, $1.address, $1.outside, $1.kind) }
    var groups: [(key: String, address: String, kind: String, first: Int, last: Int)] = []
    var finished: [String] = []
    var mapped: [String] = []
    for port in sorted {
      if !port.address.isEmpty, port.outside != port.inside {
        mapped.append("\(joined(port.address, String(port.outside)))->\(port.inside)/\(port.kind)")
        continue
      }
      let key = "\(port.address)/\(port.kind)"
      guard let index = groups.firstIndex(where: { $0.key == key }) else {
        groups.append((key, port.address, port.kind, port.inside, port.inside))
        continue
      }
      if port.inside != groups[index].last + 1 {
        finished.append(group(groups[index].address, groups[index].kind, groups[index].first, groups[index].last))
        groups[index].first = port.inside
      }
      groups[index].last = port.inside
    }
    finished += groups.map { group($0.address, $0.kind, $0.first, $0.last) }
    return (finished + mapped).joined(separator: ", ")
  }

  private static func group(_ address: String, _ kind: String, _ first: Int, _ last: Int) -> String {
    let range = first == last ? String(first) : "\(first)-\(last)"
    return (address.isEmpty ? range : "\(joined(address, range))->\(range)") + "/\(kind)"
  }

  private static func joined(_ address: String, _ port: String) -> String { (address.contains(":") ? "[\(address)]" : address) + ":\(port)" }
}
