// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import Testing

/// What each instruction becomes.
@Suite struct InstructionTests {
  @Test(arguments: [
    ("CMD [\"a\", \"b c\"]", CommandLine(words: ["a", "b c"], isShell: false)), ("CMD []", CommandLine(words: [], isShell: false)),
    ("CMD a  b", CommandLine(words: ["a  b"], isShell: true)), ("CMD", CommandLine(words: [""], isShell: true)),
    ("CMD ['a']", CommandLine(words: ["['a']"], isShell: true)), ("CMD [\"a\"", CommandLine(words: ["[\"a\""], isShell: true)),
    ("CMD [\"a\"] b", CommandLine(words: ["[\"a\"] b"], isShell: true)), ("CMD [\"a\",]", CommandLine(words: ["[\"a\",]"], isShell: true)),
    ("CMD [ \"\\u00e9\\ud83d\\ude00\\n\\\"\" ]", CommandLine(words: ["é😀\n\""], isShell: false)),
    ("CMD [\"\\x\"]", CommandLine(words: ["[\"\\x\"]"], isShell: true)),
    ("CMD [ \"a\" ,\\\n \"b\" ]", CommandLine(words: ["a", "b"], isShell: false)),
  ])
  func commandsHaveAShellAndAnExecForm(text: String, line: CommandLine) throws { #expect(try command(text) == .cmd(line)) }

  @Test func anEntrypointAloneIsNone() throws {
    #expect(try command("ENTRYPOINT") == .entrypoint(CommandLine(words: [], isShell: false)))
    #expect(try command("ENTRYPOINT [\"/a\"]") == .entrypoint(CommandLine(words: ["/a"], isShell: false)))
    #expect(try command("ENTRYPOINT exec a") == .entrypoint(CommandLine(words: ["exec a"], isShell: true)))
  }

  @Test(arguments: [
    ("ENV A=1", ["A": "1"]), ("ENV A=1 B=\"x y\" C='p q' D=e\\ f", ["A": "1", "B": "\"x y\"", "C": "'p q'", "D": "e\\ f"]), ("ENV A=", ["A": ""]),
    ("ENV A b  c ", ["A": "b  c"]), ("ENV A b=c", ["A": "b=c"]), ("ENV A=\"b=c\" \\\n  D=$A", ["A": "\"b=c\"", "D": "$A"]),
    ("ENV A='b\\' C=d", ["A": "'b\\'", "C": "d"]),
    ("ENV A=b\\", ["A": "b"]),
  ])
  func variablesKeepTheirQuotes(text: String, expected: [String: String]) throws {
    guard case .environment(let assignments) = try command(text) else { throw Unexpected() }
    #expect(Dictionary(uniqueKeysWithValues: assignments.map { ($0.key, $0.value) }) == expected)
    #expect(assignments.contains(where: \.isLegacyForm) == !text.dropFirst(4).prefix { $0 != " " }.contains("="))
  }

  @Test func argumentsMayHaveNoValue() throws {
    let expected = [
      Assignment(key: "A", value: nil), Assignment(key: "B", value: "1"), Assignment(key: "C", value: ""), Assignment(key: "D", value: "\"x y\""),
    ]
    #expect(try command("ARG A B=1 C= D=\"x y\"") == .argument(expected))
  }

  @Test(arguments: [
    ("LABEL a=b \"c d\"=e", Command.label([Assignment(key: "a", value: "b"), Assignment(key: "\"c d\"", value: "e")])),
    ("EXPOSE 80 443/tcp $P", .expose(["$P", "443/tcp", "80"])), ("USER a:b", .user("a:b")), ("WORKDIR /a b", .workdir("/a b")),
    ("VOLUME /a /b", .volume(["/a", "/b"])), ("VOLUME [\"/a b\", \"/c\"]", .volume(["/a b", "/c"])), ("STOPSIGNAL SIGINT", .stopSignal("SIGINT")),
    ("SHELL [\"/bin/bash\", \"-c\"]", .shell(["/bin/bash", "-c"])), ("MAINTAINER A <a@b>", .maintainer("A <a@b>")),
    ("ONBUILD RUN a \\\n b", .onbuild("RUN a  b")), ("onbuild copy . /a", .onbuild("copy . /a")),
    ("ONBUILD RUN <<E\na\nE", .onbuild("RUN <<E\na\nE")),
  ])
  func theOthersAreWords(text: String, expected: Command) throws { #expect(try command(text) == expected) }

  @Test func healthchecksHaveDurationsInNanoseconds() throws {
    let text = "HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=1.5s --start-interval=0s --retries=3 CMD [\"a\"]"
    var expected = HealthcheckCommand()
    expected.line = CommandLine(words: ["a"], isShell: false)
    (expected.interval, expected.timeout, expected.startPeriod, expected.retries) = (90_000_000_000, 500_000_000, 1_500_000_000, 3)
    #expect(try command(text) == .healthcheck(expected))
    var none = HealthcheckCommand()
    none.isNone = true
    #expect(try command("HEALTHCHECK none") == .healthcheck(none))
    var shell = HealthcheckCommand()
    shell.line = CommandLine(words: ["curl  x || exit 1"], isShell: true)
    #expect(try command("HEALTHCHECK cmd curl  x || exit 1") == .healthcheck(shell))
  }

  @Test func filesHaveFlags() throws {
    let copied = try copy("COPY --from=build --chown=1:2 --chmod=755 --link --parents=false --exclude=*.o --exclude=\"a b\" a b* /dest/")
    #expect(copied.from == "build" && copied.chown == "1:2" && copied.chmod == "755" && copied.link && !copied.parents)
    #expect(copied.excludes == ["*.o", "a b"] && copied.sources == ["a", "b*"] && copied.destination == "/dest/")
    let added = try copy("ADD --keep-git-dir=true --checksum=sha256:00 --unpack=false --link=false [\"https://x/y z\", \"/\"]")
    #expect(added.keepGitDirectory == true && added.checksum == "sha256:00" && added.unpack == false && !added.link)
    #expect(added.sources == ["https://x/y z"] && added.destination == "/")
    #expect(try copy("COPY -- --from=x /a").sources == ["--from=x"] && (try copy("ADD a b")).unpack == nil)
  }

  @Test func oneInstructionCanBeReadAlone() throws {
    let change = try DockerfileParser.parseInstruction("CMD [\"a\"]")
    #expect(change.command == .cmd(CommandLine(words: ["a"], isShell: false)) && change.location == SourceRange(startLine: 1, endLine: 1))
    guard case .run(let trigger) = try DockerfileParser.parseInstruction("RUN <<E\na\nE").command else { throw Unexpected() }
    #expect(trigger.line.heredocs.map(\.content) == ["a\n"])
    for text in ["FROM a", "", "USER a\nUSER b", "NOPE"] {
      #expect(throws: HullError.self, "\(text)") { try DockerfileParser.parseInstruction(text) }
    }
  }
}
