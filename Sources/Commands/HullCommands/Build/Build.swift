// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `hull build`
enum Build {
  static let command = Command(
    name: "build", summary: "Build an image from a Dockerfile", usage: "[OPTIONS] PATH | URL | -",
    aliases: ["build", "image build", "builder build"],
    arguments: .exactly(1), completion: .files, flags: { BuildFlags.all }, run: run,
    subcommands: { [BuildShell.command] })

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let outputs = try BuildOutputs(call)
    let source = try BuildSource(call)
    defer { source.remove() }
    let caches = try BuildCaches(call)
    let offer = BuildConversation.Offer(contexts: source.contexts, secrets: try BuildSecrets(call), outputs: outputs, caches: caches)
    let request = try BuildRequestForm(call, source, outputs, caches).json
    let display = display(call)
    let connection = try call.engine().hijack("/hull/build").finish()
    signal(SIGPIPE, SIG_IGN)
    defer { signal(SIGPIPE, SIG_DFL) }
    switch try BuildConversation(connection, offer, display).run(request) {
    case .succeeded(let result):
      display.end(failed: false)
      try caches.note(result["cacheManifest"])
      return try BuildReport(call, result, source).succeed()
    case .failed(let failure):
      display.end(failed: true)
      throw BuildReport(call, failure, source).failure
    }
  }

  /// Progress goes to standard error: standard output may be an output's.
  private static func display(_ call: Invocation) -> any BuildDisplay {
    let write: (String) -> Void = { Output.writeAll(2, Array($0.utf8)) }
    var kind = call.bool("quiet") ? "quiet" : call.string("progress")
    if call.bool("check") || call.string("call") == "check" { kind = kind == "auto" ? "quiet" : kind }
    if kind == "auto" || kind.isEmpty { kind = Terminal.isTerminal(2) ? "tty" : "plain" }
    switch kind {
    case "quiet": return QuietBuildDisplay()
    case "json", "rawjson": return JSONBuildDisplay(write: write)
    case "tty":
      return TerminalBuildDisplay(size: { Terminal.size(2) ?? (24, 80) }, write: write) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
      }
    default: return PlainBuildDisplay(write: write)
    }
  }
}
