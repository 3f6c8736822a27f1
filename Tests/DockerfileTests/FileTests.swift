// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import Testing

/// Lines, comments, directives and stages.
@Suite struct FileTests {
  @Test func aFileHasItsStagesInOrder() throws {
    let file = try DockerfileParser.parse(
      """
      ARG BASE=alpine
      from --platform=$BUILDPLATFORM golang:1.22 AS Build
      RUN go build

      FROM ${BASE}
      COPY --from=build /app /app
      """)
    #expect(file.metaArguments.map(\.command) == [.argument([Assignment(key: "BASE", value: "alpine")])])
    #expect(file.stages.map(\.name) == ["build", nil] && file.stages.map(\.base) == ["golang:1.22", "${BASE}"])
    #expect(file.stages.map(\.index) == [0, 1] && file.stages[0].platform == "$BUILDPLATFORM")
    #expect(file.stages[0].original == "from --platform=$BUILDPLATFORM golang:1.22 AS Build")
    #expect(file.stages[1].location == SourceRange(startLine: 5, endLine: 5) && file.lines.count == 6)
  }

  @Test(arguments: ["\n", "\r\n"])
  func linesMayEndEitherWay(end: String) throws {
    let text = ["\u{feff}FROM scratch", "RUN echo a \\", "  && echo b", "CMD [\"x\"]", ""].joined(separator: end)
    let file = try DockerfileParser.parse(text)
    #expect(file.stages[0].instructions[0].command == .run(try run("RUN echo a   && echo b")))
    #expect(file.stages[0].instructions[0].location == SourceRange(startLine: 2, endLine: 3))
    #expect(file.lines == ["FROM scratch", "RUN echo a \\", "  && echo b", "CMD [\"x\"]"])
  }

  @Test(arguments: [
    ("RUN a \\\n b", "a  b"), ("RUN a \\  \t\n b", "a  b"), ("RUN a\\\nb", "ab"), ("RUN a \\\n# comment\n b", "a  b"),
    ("RUN a \\\n   # comment\n b", "a  b"), ("RUN a \\\n\n b", "a  b"), ("RUN a \\", "a"), ("RUN a \\\\\nUSER b", "a \\\\"),
    ("   RUN   a   b  ", "a   b"), ("rUn a", "a"), ("\\\nRUN a", "a"), ("RUN \\\na", "a"), ("RUN a # b", "a # b"), ("RUN\ta", "a"),
  ])
  func continuedLinesAreJoined(text: String, line: String) throws { #expect(try run(text).line == CommandLine(words: [line], isShell: true)) }

  @Test func theBacktickEscapesWhenTheFileSaysSo() throws {
    let file = try DockerfileParser.parse("# escape=`\nFROM scratch\nRUN a `\n b\nRUN c:\\\nENV X=`\"a` b")
    #expect(file.directives.escape == "`" && file.stages[0].instructions.count == 3)
    #expect(file.stages[0].instructions[2].command == .environment([Assignment(key: "X", value: "`\"a` b")]))
  }

  @Test func directivesAreReadAtTheHeadOnly() throws {
    let head = "# Syntax = docker/dockerfile:1 \n#check=skip=A,B;error=true;experimental=all\n#escape=\\\n"
    let file = try DockerfileParser.parse(head + "# a comment\n# escape=`\nFROM scratch\nRUN a \\\n b")
    #expect(file.directives.syntax == "docker/dockerfile:1" && file.directives.escape == "\\")
    #expect(file.directives.skippedChecks == ["A", "B"] && file.directives.checksAreErrors && file.directives.experimentalChecks == ["all"])
    #expect(try DockerfileParser.parse("\n# escape=`\nFROM scratch").directives.escape == "\\")
    #expect(try DockerfileParser.parse("# other=1\n# escape=`\nFROM scratch").directives.escape == "\\")
    #expect(try DockerfileParser.parse("#!/usr/bin/env hull\n# syntax=x/y\nFROM scratch").directives.syntax == "x/y")
  }

  @Test(arguments: [
    ("# escape=`\n# escape=`\nFROM a", "dockerfile parse error on line 2: only one escape parser directive can be used"),
    ("# escape=x\nFROM a", "dockerfile parse error on line 1: invalid escape token 'x' does not match ` or \\"),
    ("# check=skipp=A\nFROM a", "dockerfile parse error on line 1: invalid check option \"skipp\" (did you mean skip?)"),
    ("# check=error=maybe\nFROM a", "dockerfile parse error on line 1: failed to parse check option \"error=maybe\""),
  ])
  func brokenDirectivesAreRefused(text: String, message: String) { #expect(refusal(text)?.message == message) }

  @Test func commentsAboveAnInstructionBelongToIt() throws {
    let file = try DockerfileParser.parse("FROM scratch\n# far\n\n# a\n#  b \nRUN x\n# c\n#\n# d\nRUN y")
    #expect(file.stages[0].instructions.map(\.comments) == [["a", "b"], ["d"]])
  }

  @Test func emptyContinuationsAreAllowedWithAWarning() throws {
    let file = try DockerfileParser.parse("FROM scratch\nRUN a \\\n\n\n && b\nRUN c")
    #expect(file.warnings.map(\.rule) == ["NoEmptyContinuation"] && file.warnings[0].location == SourceRange(startLine: 5, endLine: 5))
  }

  @Test(arguments: [
    ("", "the Dockerfile (Dockerfile) cannot be empty"), ("\n \n", "file with no instructions"), ("# only\n#comments", "file with no instructions"),
    ("ARG A=1", "dockerfile contains no stages to build"),
  ])
  func aFileWithoutStagesIsRefused(text: String, message: String) { #expect(refusal(text)?.message == message) }

  @Test func whatIsTooLargeIsRefused() {
    let line = refusal("FROM scratch\nRUN " + String(repeating: "a", count: 70_000))
    #expect(line?.message == "dockerfile parse error on line 2: dockerfile line greater than max allowed size of 65535")
    let file = refusal(String(repeating: "# comment\n", count: 1_000_000))
    #expect(file?.message == "the Dockerfile (Dockerfile) has 10000000 bytes: more than 8388608 are not read")
  }

  @Test func bytesThatAreNoTextAreReplaced() throws {
    let file = try DockerfileParser.parse(Array("FROM scratch\nLABEL a=".utf8) + [0xff, 0xfe])
    #expect(file.stages[0].instructions[0].command == .label([Assignment(key: "a", value: "\u{fffd}\u{fffd}")]))
  }
}
