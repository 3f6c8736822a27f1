// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull update`
enum ContainerUpdate {
  static let command = Command(
    name: "update", summary: "Update configuration of one or more containers", usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    aliases: ["container update", "update"], arguments: .atLeast(1), completion: .containers,
    flags: { RunFlags.limits + [.string("restart", "Restart policy to apply when a container exits")] }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    var body = RunLimits.update(call)
    if call.changed("restart") { body["RestartPolicy"] = try RunValues.restartPolicy(call.string("restart")) }
    guard !body.isEmpty else { throw HullError(.invalidArgument, "you must provide one or more flags when using this command") }
    let engine = try call.engine()
    var warnings: [String] = []
    let status = call.forEach(call.arguments) { name in
      warnings += try engine.json("POST", call.container(name, "/update"), body: .object(body))["Warnings"].strings
      return name
    }
    for warning in warnings { call.out.error(warning) }
    return status
  }
}
