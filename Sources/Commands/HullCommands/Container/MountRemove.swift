// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull container mount rm`
enum MountRemove {
  static let command = Command(
    name: "rm", otherNames: ["remove"], summary: "Unmount what was mounted in a running container", usage: "CONTAINER PATH [PATH...]",
    arguments: .atLeast(2), completion: .runningContainers,
    run: { call in
      let engine = try call.engine()
      for path in call.arguments.dropFirst() where !path.hasPrefix("/") {
        throw HullError(.invalidArgument, "invalid mount path: '\(path)' mount path must be absolute")
      }
      return call.forEach(Array(call.arguments.dropFirst())) { path in
        _ = try engine.bytes("DELETE", "/hull" + call.container(call.arguments[0], "/mounts"), query: [("path", Paths.clean(path))])
        return nil
      }
    })
}
