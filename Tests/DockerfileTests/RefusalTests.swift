// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import Testing

/// Messages: Docker's words, the line, the column, the lines around.
@Suite struct RefusalTests {
  @Test(arguments: [
    ("FORM busybox", "unknown instruction: FORM (did you mean FROM?)"), ("rnu x", "unknown instruction: rnu (did you mean run?)"),
    ("FOO bar", "unknown instruction: FOO (did you mean FROM?)"), ("INSTALL x", "unknown instruction: INSTALL"),
    ("FROM", "FROM requires either one or three arguments"), ("FROM a b", "FROM requires either one or three arguments"),
    ("FROM a xs b", "FROM requires either one or three arguments"),
    ("FROM a AS 1b", "invalid name for build stage: \"1b\", name can't start with a number or contain symbols"),
    ("FROM --platfrm=x a", "unknown flag: --platfrm (did you mean platform?)"), ("COPY --frm=x a b", "unknown flag: --frm (did you mean from?)"),
    ("COPY --link=maybe a b", "expecting boolean value for flag --link, not: maybe"), ("COPY --link= a b", "missing a value on flag: --link"),
    ("COPY --chown a b", "missing a value on flag: --chown"), ("COPY --chown=1 --chown=2 a b", "duplicate flag specified: --chown"),
    ("USER --x a", "unknown flag: --x"), ("RUN", "RUN requires at least one argument"), ("USER", "USER requires exactly one argument"),
    ("ENV", "ENV requires at least one argument"), ("ENV A", "ENV must have two arguments"), ("LABEL A", "LABEL must have two arguments"),
    ("ENV A=1 B", "Syntax error - can't find = in \"B\". Must be of the form: name=value"), ("ENV =1", "ENV names can not be blank"),
    ("ARG =1", "ARG names can not be blank"),
    ("COPY a", "COPY requires at least two arguments, but only one was provided. Destination could not be determined"),
    ("ADD", "ADD requires at least two arguments, but none was provided. Destination could not be determined"),
    ("CMD [\"a\", 1]", "when using JSON array syntax, arrays must be comprised of strings only"),
    ("SHELL /bin/sh", "SHELL requires the arguments to be in JSON form"),
    ("SHELL []", "SHELL requires at least one argument"), ("VOLUME []", "VOLUME requires at least one argument"),
    ("VOLUME [\"\"]", "VOLUME specified can not be an empty string"), ("EXPOSE", "EXPOSE requires at least one argument"),
    ("HEALTHCHECK", "HEALTHCHECK requires at least one argument"), ("HEALTHCHECK x", "Unknown type \"X\" in HEALTHCHECK (try CMD)"),
    ("HEALTHCHECK NONE a", "HEALTHCHECK NONE takes no arguments"), ("HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"),
    ("HEALTHCHECK --interval=1us CMD a", "Interval \"interval\" cannot be less than 1ms"),
    ("HEALTHCHECK --timeout=5 CMD a", "invalid duration \"5\" for --timeout: want something like 30s or 1m30s"),
    ("HEALTHCHECK --retries=-1 CMD a", "--retries cannot be negative (-1)"), ("ONBUILD", "ONBUILD requires at least one argument"),
    ("ONBUILD ONBUILD RUN a", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"), ("ONBUILD from a", "FROM isn't allowed as an ONBUILD trigger"),
    ("ONBUILD MAINTAINER a", "MAINTAINER isn't allowed as an ONBUILD trigger"), ("ONBUILD RNU a", "unknown instruction: RNU (did you mean RUN?)"),
    ("RUN --network=hst a", "invalid network mode \"hst\" (did you mean host?)"), ("RUN --security=x a", "security \"x\" is not valid"),
  ])
  func mistakesAreToldInDockersWords(text: String, message: String) {
    #expect(refusal("FROM scratch\n\n\(text)\n")?.message == "dockerfile parse error on line 3: \(message)")
  }

  @Test func anInstructionNeedsAStage() {
    #expect(refusal("ARG A\nRUN a\nFROM b")?.message == "dockerfile parse error on line 2: no build stage in current context")
  }

  @Test func theErrorPointsAtTheWord() throws {
    let error = try #require(refusal("FROM scratch\nRUN a\nCOPY --chown=1 \\\n  --frm=x \\\n  a b\nUSER x"))
    #expect(error.message == "dockerfile parse error on line 3: unknown flag: --frm (did you mean from?)")
    #expect(error.excerpt?.location == SourceRange(startLine: 4, endLine: 4, column: 3))
    #expect(
      error.excerpt?.description == """
        Dockerfile:4:3
        --------------------
           2 |     RUN a
           3 |     COPY --chown=1 \\
           4 | >>>   --frm=x \\
           5 |       a b
           6 |     USER x
        --------------------

        """)
  }

  @Test func anExcerptMarksAllLinesOfAnInstruction() {
    let lines = (1...9).map { "line \($0)" }
    let text = SourceExcerpt.excerpt(of: SourceRange(startLine: 4, endLine: 5), in: lines)
    let expected = ["   3 |     line 3", "   4 | >>> line 4", "   5 | >>> line 5", "   6 |     line 6"]
    #expect(
      text.split(separator: "\n").map(String.init) == ["--------------------"] + expected.map { " " + $0.dropFirst() } + ["--------------------"])
    #expect(SourceExcerpt.excerpt(of: SourceRange(startLine: 1, endLine: 1), in: ["a"]).contains("   1 | >>> a\n"))
    #expect(SourceExcerpt.excerpt(of: SourceRange(startLine: 3, endLine: 3), in: ["a"]).isEmpty)
  }

  @Test func laterFailuresCanCarryTheirPlaceToo() throws {
    let file = try DockerfileParser.parse("FROM scratch\nRUN false")
    let error = HullError(.internalError, "process exited with 1").located(
      at: file.stages[0].instructions[0].location, in: file, name: "sub/Dockerfile")
    #expect(error.description.hasPrefix("process exited with 1: sub/Dockerfile:2\n") && error.description.contains("   2 | >>> RUN false"))
  }
}
