// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull container recreate`
enum ContainerRecreate {
  static let command = Command(
    name: "recreate", summary: "Make a container anew with changed settings",
    details: "It keeps its name, its addresses, its volumes and its logs. What no flag names stays as it was; a flag's values replace the old ones.",
    usage: "CONTAINER [--image IMAGE] [--with] FLAGS...", arguments: .exactly(1), completion: .containers, flags: { RecreateRequest.flags }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let body = try RecreateRequest.body(call)
    let engine = try call.engine()
    let request = { try engine.json("POST", "/hull" + call.container(call.arguments[0], "/recreate"), body: body) }
    let answer = try call.changed("image") ? PullPolicy(call, engine).apply(to: call.string("image"), request) : request()
    for warning in answer["Warnings"].strings { call.out.error("WARNING: \(warning)") }
    call.out.line(answer["Id"].text)
    return 0
  }
}
