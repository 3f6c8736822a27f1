// SPDX-License-Identifier: Apache-2.0

/// `hull create`
enum ContainerCreate {
  static let command = Command(
    name: "create", summary: "Create a new container", usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]", aliases: ["container create", "create"],
    arguments: .atLeast(1), interspersed: false, completion: .images, flags: { RunFlags.create }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    do {
      call.out.line(try ContainerCreation(call: call, engine: call.engine(), request: RunRequest(call, detached: false)).create())
      return 0
    } catch let failure as EngineFailure {
      throw failure
    } catch {
      throw ContainerRun.failed(error, "create")
    }
  }
}
