// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull rm`
enum ContainerRemove {
  static let command = Command(
    name: "rm", summary: "Remove one or more containers", usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    aliases: ["container rm", "container remove", "rm"], arguments: .atLeast(1), completion: .containers,
    flags: {
      [
        .bool("force,f", "Force the removal of a running container (uses SIGKILL)"), .bool("link,l", "Remove the specified link"),
        .bool("volumes,v", "Remove anonymous volumes associated with the container"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let engine = try call.engine()
    let force = call.bool("force")
    var query: EngineClient.Query = []
    if force { query.append(("force", "1")) }
    if call.bool("volumes") { query.append(("v", "1")) }
    if call.bool("link") { query.append(("link", "1")) }
    return call.forEach(call.arguments) { name in
      guard !Text.trimmed(name).isEmpty else { throw HullError(.invalidArgument, "invalid container name or ID: value is empty") }
      do {
        _ = try engine.bytes("DELETE", call.container(name), query: query)
        return name
      } catch let failure as EngineFailure where force && failure.status == 404 {
        // Forced, a container that is not there is no failure.
        call.out.error(String(describing: failure))
        return nil
      }
    }
  }
}
