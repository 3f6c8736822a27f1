// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation

extension HostFirewall {
  /// Reads what `nft --json --terse list ruleset` prints (libnftables-json(5)).
  init(ruleset: String, excluding tables: Set<String>) throws(HullError) {
    guard let root = (try? JSONSerialization.jsonObject(with: Data(ruleset.utf8))) as? [String: Any],
      let objects = root["nftables"] as? [[String: Any]]
    else {
      throw HullError(.internalError, "the host's firewall cannot be read: nftables gave no valid JSON")
    }
    var ruleset = Ruleset()
    for object in objects { ruleset.add(object) }
    self.init(input: ruleset.droppingChains(hook: "input", excluding: tables), forward: ruleset.droppingChains(hook: "forward", excluding: tables))
  }
}

/// Chains, and what their rules can lead to.
private struct Ruleset {
  private struct Chain: Hashable {
    let family, table, name: String
  }

  private var hooks: [(chain: Chain, hook: String)] = []
  private var dropping: Set<Chain> = []
  private var jumps: [Chain: Set<Chain>] = [:]

  mutating func add(_ object: [String: Any]) {
    if let chain = object["chain"] as? [String: Any], let key = Self.chain(chain, "name") {
      if let hook = chain["hook"] as? String { hooks.append((key, hook)) }
      if chain["policy"] as? String == "drop" { dropping.insert(key) }
    } else if let rule = object["rule"] as? [String: Any], let key = Self.chain(rule, "chain") {
      for statement in rule["expr"] as? [[String: Any]] ?? [] { add(statement, of: key) }
    }
  }

  /// Base chains at `hook` that drop, or jump to a chain that does.
  func droppingChains(hook: String, excluding tables: Set<String>) -> [String] {
    hooks.filter { $0.hook == hook && !($0.chain.family == "inet" && tables.contains($0.chain.table)) && canDrop($0.chain) }
      .map { "\($0.chain.family) \($0.chain.table) \($0.chain.name)" }
  }

  private func canDrop(_ start: Chain) -> Bool {
    var seen: Set<Chain> = [start]
    var waiting = [start]
    while let chain = waiting.popLast() {
      if dropping.contains(chain) { return true }
      for next in jumps[chain] ?? [] where seen.insert(next).inserted { waiting.append(next) }
    }
    return false
  }

  /// Looks through a statement: verdicts may be in maps.
  private mutating func add(_ value: Any, of chain: Chain) {
    if let list = value as? [Any] {
      for element in list { add(element, of: chain) }
    } else if let object = value as? [String: Any] {
      for (name, content) in object {
        switch name {
        case "drop", "reject", "queue": dropping.insert(chain)
        case "xt": if Self.mayDrop(content) { dropping.insert(chain) }
        case "jump", "goto":
          if let target = (content as? [String: Any])?["target"] as? String {
            jumps[chain, default: []].insert(Chain(family: chain.family, table: chain.table, name: target))
          }
        // A map with a name may send packets anywhere.
        case "vmap":
          if ((content as? [String: Any])?["data"] as? String)?.hasPrefix("@") == true { dropping.insert(chain) } else { add(content, of: chain) }
        default: add(content, of: chain)
        }
      }
    }
  }

  /// What an extension of iptables does; one without a name may do anything.
  private static func mayDrop(_ extension: Any) -> Bool {
    guard let details = `extension` as? [String: Any], let name = details["name"] as? String else { return true }
    return details["type"] as? String == "target" && ["REJECT", "NFQUEUE", "TARPIT", "SYNPROXY"].contains(name)
  }

  private static func chain(_ object: [String: Any], _ name: String) -> Chain? {
    guard let family = object["family"] as? String, let table = object["table"] as? String, let name = object[name] as? String else { return nil }
    return Chain(family: family, table: table, name: name)
  }
}
