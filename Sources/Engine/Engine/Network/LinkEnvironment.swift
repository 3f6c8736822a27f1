// SPDX-License-Identifier: Apache-2.0
import Addressing

/// The variables by which a container is told of one that it is linked to (Docker, "Legacy container links").
struct LinkEnvironment {
  let alias: String
  /// `/PARENT/ALIAS`
  let name: String
  let address: IPAddress?
  /// What the other container exposes.
  let ports: [PortKey]
  /// The other container's own.
  let environment: [String]

  var variables: [String] { portVariables + ["\(prefix)_NAME=\(name)"] + inherited }

  private var prefix: String { String(alias.uppercased().map { $0 == "-" ? "_" : $0 }) }

  /// TCP first, then by number.
  private var sorted: [PortKey] {
    ports.sorted { left, right in
      if left.transport == right.transport { return left.port < right.port }
      if left.transport == .tcp || right.transport == .tcp { return left.transport == .tcp }
      return left.transport.rawValue < right.transport.rawValue
    }
  }

  private var portVariables: [String] {
    guard let address, let first = sorted.first else { return [] }
    return ["\(prefix)_PORT=\(url(first, address))"] + sorted.flatMap { variables(of: $0, address) } + runs.flatMap { variables(of: $0, address) }
  }

  private func variables(of port: PortKey, _ address: IPAddress) -> [String] {
    let key = key(port)
    return [
      "\(key)=\(url(port, address))", "\(key)_ADDR=\(address)", "\(key)_PORT=\(port.port)", "\(key)_PROTO=\(port.transport.rawValue)",
    ]
  }

  /// Ports one after the other: the first and the last.
  private var runs: [(first: PortKey, last: PortKey)] {
    var runs: [(first: PortKey, last: PortKey)] = []
    for port in sorted {
      if let last = runs.last?.last, last.transport == port.transport, Int(last.port) + 1 == Int(port.port) {
        runs[runs.count - 1].last = port
      } else {
        runs.append((port, port))
      }
    }
    return runs.filter { $0.first != $0.last }
  }

  private func variables(of run: (first: PortKey, last: PortKey), _ address: IPAddress) -> [String] {
    let key = key(run.first)
    return [
      "\(key)_START=\(url(run.first, address))", "\(key)_PORT_START=\(run.first.port)", "\(key)_END=\(url(run.last, address))",
      "\(key)_PORT_END=\(run.last.port)",
    ]
  }

  /// Everything but what each container has of its own.
  private var inherited: [String] {
    environment.compactMap { entry in
      guard let mark = entry.firstIndex(of: "="), !["HOME", "PATH"].contains(entry[..<mark]) else { return nil }
      return "\(prefix)_ENV_\(entry)"
    }
  }

  private func key(_ port: PortKey) -> String { "\(prefix)_PORT_\(port.port)_\(port.transport.rawValue.uppercased())" }
  private func url(_ port: PortKey, _ address: IPAddress) -> String { "\(port.transport.rawValue)://\(address):\(port.port)" }
}
