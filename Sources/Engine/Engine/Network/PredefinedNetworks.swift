// SPDX-License-Identifier: Apache-2.0
import DockerAPI

/// The networks that are always there.
enum PredefinedNetworks {
  struct Entry: Sendable {
    let name: String
    let driver: String
    let id: String
  }

  /// Their IDs are the same on every machine: they are made from their names.
  static let all = ["bridge", "host", "none"].map { name in
    Entry(name: name, driver: name == "none" ? "null" : name, id: identifier(name))
  }

  static func find(_ name: String) -> Entry? { all.first { $0.name == name } }
  static func exists(_ name: String) -> Bool { find(name) != nil }

  static func answer(_ entry: Entry, containers: [ContainerView], created: Int64) -> NetworkInspect {
    var answer = NetworkInspect()
    answer.name = entry.name
    answer.id = entry.id
    answer.created = Timestamp.text(created)
    answer.scope = "local"
    answer.driver = entry.driver
    answer.enableIPv4 = true
    answer.ipam.driver = "default"
    answer.ipam.config = []
    for view in containers where view.isRunning && view.record.definition.networks[entry.name] != nil {
      var member = NetworkContainer()
      member.name = view.record.name
      answer.containers[view.record.id] = member
    }
    return answer
  }

  /// 64 hexadecimal digits from four rounds of FNV-1a.
  private static func identifier(_ name: String) -> String {
    (0..<4).map { round in
      let hash = "hull network \(round) \(name)".utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
      let digits = String(hash, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
