// SPDX-License-Identifier: Apache-2.0

/// `hull logs`
enum ContainerLogs {
  static let command = Command(
    name: "logs", summary: "Fetch the logs of a container", usage: "[OPTIONS] CONTAINER", aliases: ["container logs", "logs"],
    arguments: .exactly(1), completion: .containers,
    flags: {
      [
        .bool("details", "Show extra details provided to logs"), .bool("follow,f", "Follow log output"),
        .string("since", "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
        .string("until", "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
        .string("tail,n", "Number of lines to show from the end of the logs", initial: "all"),
        .bool("timestamps,t", "Show timestamps"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let engine = try call.engine()
    let info = try engine.json("GET", call.container(call.arguments[0], "/json"))
    var query: EngineClient.Query = [("stdout", "1"), ("stderr", "1"), ("tail", call.string("tail"))]
    for name in ["follow", "timestamps", "details"] where call.bool(name) { query.append((name, "1")) }
    for name in ["since", "until"] where call.changed(name) { query.append((name, try Timestamp.query(call.string(name)))) }
    let response = try engine.send("GET", "/containers/\(info["Id"].text)/logs", query: query)
    let tty = info["Config"]["Tty"].bool == true
    var demultiplexer = Demultiplexer()
    while true {
      let bytes = try response.read()
      if bytes.isEmpty { return 0 }
      if tty { try Output.deliver(1, bytes) } else { try demultiplexer.copy(bytes) }
    }
  }
}
