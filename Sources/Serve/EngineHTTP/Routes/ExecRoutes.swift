// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors

extension EngineAPI {
  func addExecRoutes(to router: Router) {
    let engine = engine
    router.add("POST", "/containers/{id}/exec") { context in
      let config = try await context.requiredJSON(ExecConfig.self, orElse: "No exec command specified")
      return try .json(try await engine.createExec(context["id"], config), .created)
    }
    router.add("POST", "/exec/{id}/start") { context in
      let config = try await context.json(ExecStartConfig.self)
      do {
        guard let attached = try await engine.startExec(context["id"], config) else { return .empty(.ok) }
        return .hijack(Self.hijack(attached, context))
      } catch let error as HullError where !config.detach && error.code != .notFound && error.code != .conflict {
        // As Docker: the connection is handed over first, then the process is started; the reason appears as its output,
        // and the client takes the exit code (126, 127) from the exec's state.
        return .hijack(Self.hijack(text: error.description + "\r\n", terminal: config.tty, context))
      }
    }
    router.add("POST", "/exec/{id}/resize") { context in
      try await engine.resizeExec(context["id"], size: try Self.terminalSize(context.query))
      return .empty(.ok)
    }
    router.add("GET", "/exec/{id}/json") { context in try .json(try await engine.inspectExec(context["id"])) }
  }
}
