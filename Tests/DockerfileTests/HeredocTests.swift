// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import Testing

@Suite struct HeredocTests {
  @Test func aRunHasItsDocumentsInOrder() throws {
    let line = try run("RUN <<A 3<<-\"B\" cat\na $X\n A\nA\n\tb\n\t\tc\n\tB\nUSER x").line
    #expect(line.words == ["<<A 3<<-\"B\" cat"] && line.isShell)
    #expect(line.heredocs.map(\.name) == ["A", "B"] && line.heredocs.map(\.content) == ["a $X\n A\n", "b\nc\n"])
    #expect(line.heredocs.map(\.expands) == [true, false] && line.heredocs.map(\.stripsTabs) == [false, true])
    #expect(line.heredocs.map(\.descriptor) == [0, 3])
    #expect(try commands("RUN <<A\nRUN x\n\n# c\nA\nUSER x").count == 2)
  }

  @Test func documentsAmongTheSourcesAreFiles() throws {
    let copied = try copy("COPY --chown=1 <<a.txt b <<'c.txt' /dest/\nA $X\na.txt\nC\nc.txt")
    #expect(copied.sources == ["b"] && copied.destination == "/dest/" && copied.inline.map(\.name) == ["a.txt", "c.txt"])
    #expect(copied.inline.map(\.content) == ["A $X\n", "C\n"] && copied.inline.map(\.expands) == [true, false])
  }

  @Test(arguments: [
    "RUN echo $((1<<2))", "RUN cat <<<EOF", "RUN [\"a\", \"<<EOF\"]", "RUN echo \"<<EOF\"", "RUN echo '<<EOF'", "RUN a << ", "CMD <<EOF",
    "ENTRYPOINT cat <<EOF", "USER <<EOF",
  ])
  func whatOnlyLooksLikeADocumentIsNone(text: String) throws { #expect(try commands(text + "\nUSER x").count == 2) }

  @Test func theLocationCoversTheDocuments() throws {
    let file = try DockerfileParser.parse("FROM scratch\nRUN <<E\na\nE\nUSER x")
    #expect(file.stages[0].instructions.map(\.location) == [SourceRange(startLine: 2, endLine: 4), SourceRange(startLine: 5, endLine: 5)])
    #expect(file.stages[0].instructions[0].original == "RUN <<E")
  }

  @Test func windowsLinesEndDocumentsToo() throws {
    #expect(try run("RUN <<E\r\na\r\nE\r\n").line.heredocs.map(\.content) == ["a\r\n"])
  }

  @Test func anOpenDocumentIsAnError() {
    let error = refusal("FROM scratch\nRUN <<A <<B\na\nA\nb\n")
    #expect(error?.message == "dockerfile parse error on line 2: unterminated heredoc: B is not found")
    #expect(error?.excerpt?.location == SourceRange(startLine: 2, endLine: 2, column: 11))
    #expect(refusal("FROM a\nCOPY a <<E\na\nE")?.message == "dockerfile parse error on line 2: COPY cannot accept a heredoc as a destination")
  }

  @Test func manyDocumentsTakeNoMoreThanTheirLength() throws {
    let names = (0..<5000).map { "E\($0)" }
    let text = "RUN cat " + names.map { "<<\($0)" }.joined(separator: " ") + "\n" + names.map { "x\n\($0)\n" }.joined()
    #expect(try run(text).line.heredocs.count == 5000)
  }
}
