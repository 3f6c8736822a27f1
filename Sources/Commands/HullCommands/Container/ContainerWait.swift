// SPDX-License-Identifier: Apache-2.0

/// `hull wait`
enum ContainerWait {
  static let command = Command(
    name: "wait", summary: "Block until one or more containers stop, then print their exit codes", usage: "CONTAINER [CONTAINER...]",
    aliases: ["container wait", "wait"], arguments: .atLeast(1), completion: .runningContainers,
    run: { call in
      let engine = try call.engine()
      return call.forEach(call.arguments) { name in
        let answer = try engine.json("POST", call.container(name, "/wait"))
        call.out.line(String(answer["StatusCode"].int ?? 0))
        call.out.flush()
        return nil
      }
    })
}
