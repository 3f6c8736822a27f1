// SPDX-License-Identifier: Apache-2.0
import Errors
import Testing

@testable import OCIRuntime

@Suite struct CommandLineTests {
  private let flags: [Flag] = [.value("bundle", "b", help: ""), .toggle("force", "f", help: ""), .value("env", "e", help: "")]

  @Test func flagsGoWithOneDashOrTwo() throws {
    let arguments = try Arguments(["--bundle", "/x", "-f", "-env=A=1", "--env", "B=2", "id"], flags: flags, untilPositional: false)
    #expect(arguments.value("bundle") == "/x")
    #expect(arguments.has("force"))
    #expect(arguments.all("env") == ["A=1", "B=2"])
    #expect(arguments.positional == ["id"])
  }

  @Test func flagsMayFollowTheContainer() throws {
    let arguments = try Arguments(["id", "--force"], flags: flags, untilPositional: false)
    #expect(arguments.has("force") && arguments.positional == ["id"])
  }

  @Test func whatFollowsTheContainerOfExecIsTheCommands() throws {
    let arguments = try Arguments(["-e", "A=1", "id", "ls", "-f"], flags: flags, untilPositional: true)
    #expect(arguments.positional == ["id", "ls", "-f"])
    #expect(!arguments.has("force"))
    #expect(try Arguments(["--", "-f"], flags: flags, untilPositional: false).positional == ["-f"])
  }

  @Test func unknownFlagsAndMissingValuesAreErrors() {
    #expect(throws: HullError.self) { try Arguments(["--wings"], flags: flags, untilPositional: false) }
    #expect(throws: HullError.self) { try Arguments(["--bundle"], flags: flags, untilPositional: false) }
    #expect(throws: HullError.self) { try Arguments(["--force=maybe"], flags: flags, untilPositional: false) }
  }

  @Test func everyVerbOfRuncIsThere() {
    let verbs = Set(Command.all.map(\.name))
    for verb in [
      "create", "start", "state", "kill", "delete", "run", "exec", "ps", "pause", "resume", "update", "events", "list", "spec", "features",
    ] {
      #expect(verbs.contains(verb))
    }
  }

  @Test func signalsGoByNameAndNumber() throws {
    for text in ["9", "KILL", "SIGKILL", "sigkill"] { #expect(try Signals.number(text) == 9) }
    #expect(try Signals.number("SIGSYS") == 31)
    #expect(try Signals.number("RTMIN+3") == 37)
    #expect(try Signals.number("RTMAX-1") == 63)
    #expect(try Signals.number("0") == 0)
    for text in ["", "SIG", "SIGFUN", "65", "-1", "RTMIN+31"] { #expect(throws: HullError.self) { try Signals.number(text) } }
  }

  @Test func cpuListsBecomeMasks() throws {
    #expect(try Treatment.mask("0-2,9").prefix(2) == [0b111, 0b10])
    for text in ["", "a", "3-1", "-1", "0,,1", "99999"] { #expect(throws: HullError.self) { try Treatment.mask(text) } }
  }

  @Test func sizesAndDurations() throws {
    func bytes(_ text: String) throws -> Int64? {
      try Command.bytes("memory", try Arguments(["--memory", text], flags: [.value("memory", help: "")], untilPositional: false))
    }
    #expect(try bytes("512m") == 512 << 20)
    #expect(try bytes("1.5GiB") == 3 << 29)
    #expect(try bytes("10kb") == 10240)
    #expect(try bytes("77") == 77)
    #expect(try bytes("-1") == -1)
    for text in ["many", "1x", "m", "99999999p"] { #expect(throws: HullError.self) { try bytes(text) } }
    #expect(try Command.milliseconds("1m30s") == 90_000)
    #expect(try Command.milliseconds("500ms") == 500)
    for text in ["", "5", "s", "0s", "1 h"] { #expect(throws: HullError.self) { try Command.milliseconds(text) } }
  }
}
