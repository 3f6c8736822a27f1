// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HullCommands

@Suite struct FlagTests {
  static let flags: [Flag] = [
    .bool("all,a", "All"), .bool("tty,t", "TTY"), .bool("proxy", "Proxy", initial: true), .string("name", "Name"), .list("env,e", "Environment"),
    .int("last,n", "Last", initial: -1), .bytes("memory,m", "Memory"),
  ]

  private func parse(_ words: [String], interspersed: Bool = true) throws -> Invocation? {
    try FlagParser(flags: Self.flags, interspersed: interspersed).parse(words, into: Invocation(path: "x", flags: Self.flags, host: nil))
  }

  @Test func valuesStandApartJoinedOrBehindAnEqualsSign() throws {
    let call = try #require(try parse(["-e", "A=1", "-eB=2", "-e=C", "--env", "D", "--env=E=5", "--name=", "-m1k", "x", "-at", "y"]))
    #expect(call.list("env") == ["A=1", "B=2", "C", "D", "E=5"])
    #expect(call.changed("name"))
    #expect(call.string("name") == "")
    #expect(call.int("memory") == 1024)
    #expect(call.bool("all"))
    #expect(call.bool("tty"))
    #expect(call.arguments == ["x", "y"])
  }

  @Test func switchesTakeAValueOnlyBehindAnEqualsSign() throws {
    let call = try #require(try parse(["--proxy=false", "--all", "false", "-t=0"]))
    #expect(!call.bool("proxy"))
    #expect(call.bool("all"))
    #expect(!call.bool("tty"))
    #expect(call.arguments == ["false"])
  }

  @Test func defaultsHoldUntilTheFlagIsGiven() throws {
    let call = try #require(try parse([]))
    #expect(call.bool("proxy"))
    #expect(call.int("last") == -1)
    #expect(!call.changed("last"))
    #expect(call.list("env").isEmpty)
  }

  @Test func flagsEndAtTheImage() throws {
    let call = try #require(try parse(["-t", "busybox", "ls", "-l", "--all", "--help"], interspersed: false))
    #expect(call.arguments == ["busybox", "ls", "-l", "--all", "--help"])
    #expect(!call.bool("all"))
  }

  @Test func twoDashesEndTheFlags() throws {
    #expect(try parse(["--", "-a", "--name"])?.arguments == ["-a", "--name"])
    #expect(try parse(["-", "-a"])?.arguments == ["-"])
  }

  @Test func helpIsNoInvocation() throws {
    #expect(try parse(["--help"]) == nil)
    #expect(try parse(["-h"]) == nil)
  }

  @Test(arguments: [
    (["--bogus"], "unknown flag: --bogus"), (["-az"], "unknown shorthand flag: 'z' in -az"), (["--name"], "flag needs an argument: --name"),
    (["-e"], "flag needs an argument: 'e' in -e"),
    (["--last", "x"], "invalid argument \"x\" for \"-n, --last\" flag: strconv.ParseInt: parsing \"x\": invalid syntax"),
    (["--all=maybe"], "invalid argument \"maybe\" for \"-a, --all\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax"),
    (["-m", "1z"], "invalid argument \"1z\" for \"-m, --memory\" flag: invalid size: '1z'"),
  ])
  func wrongWordsAreToldAsDockerTellsThem(words: [String], message: String) {
    let error = #expect(throws: UsageError.self) { try parse(words) }
    #expect(error?.message == message)
    #expect(error?.status == 125)
  }

  @Test func helpWrapsInColumns() {
    let text = Help.options([.string("name", "one two three four five six seven"), .bool("all,a", "All", initial: true)], columns: 50)
    #expect(text == "  -a, --all           All (default true)\n      --name string   one two three four five six\n                      seven\n")
  }

  @Test func everyCommandHasHelpAndUniqueFlags() {
    func visit(_ commands: [Command], _ path: String) {
      let names: [String] = commands.flatMap { [$0.name] + $0.otherNames }
      #expect(Set(names).count == names.count)
      for command in commands {
        let full = path + command.name
        let flags = command.flags()
        #expect(Set(flags.map(\.name)).count == flags.count, "\(full)")
        #expect(Set(flags.compactMap(\.short)).count == flags.compactMap(\.short).count, "\(full)")
        #expect(Help.text(command, path: full, columns: 80).contains("Usage:  hull \(full)"))
        visit(command.subcommands(), full + " ")
      }
    }
    visit(Catalogue.top, "")
  }

  @Test func everyVerbOfTheFirstReleaseIsThere() {
    let verbs = [
      "run", "create", "start", "restart", "ps", "inspect", "logs", "attach", "exec", "top", "stop", "kill", "pause", "unpause", "wait", "rm",
      "rename",
      "cp", "diff", "export", "stats", "update", "port", "events", "info", "version", "load", "save", "import", "images", "tag", "rmi", "history",
      "doctor", "completion", "container", "image", "network", "system",
    ]
    for verb in verbs { #expect(Catalogue.top.contains { $0.answers(to: verb) }, "\(verb)") }
  }

  @Test func nearWordsAreSuggested() {
    #expect(Suggestions.near("iamges", among: ["images", "image", "inspect"]).first == "images")
    #expect(Suggestions.near("rn", among: ["run", "rm", "rmi"]) == ["rm", "run"])
    #expect(Suggestions.near("frobnicate", among: ["run", "ps"]).isEmpty)
    #expect(Suggestions.distance("abcd", "acbd") == 1)
  }
}
