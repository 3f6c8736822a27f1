// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull container port add`
enum PortAdd {
  static let command = Command(
    name: "add", summary: "Publish ports of a running container", usage: "CONTAINER [IP:]HOST:CONTAINER[/PROTO]...", arguments: .atLeast(2),
    completion: .runningContainers,
    run: { call in
      let body = try body(Array(call.arguments.dropFirst()))
      _ = try call.engine().bytes("POST", "/hull" + call.container(call.arguments[0], "/ports"), body: body)
      return 0
    })

  /// `{"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}}`
  static func body(_ specs: [String]) throws -> JSON {
    ["PortBindings": .object(PortSpec.bindings(try specs.flatMap { try PortSpec.published($0) }))]
  }
}
