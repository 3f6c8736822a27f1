// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HullCommands

@Suite struct TemplateTests {
  static let data: JSON = [
    "Name": "web", "Size": 1234, "Running": true, "Empty": "", "Ratio": .number("2.5"), "Nothing": .null, "List": ["a", "b", "c"],
    "Numbers": [1, 2, 3],
    "Labels": ["com.x": "1", "b": "2"], "State": ["Pid": 7, "Health": ["Status": "ok"]], "Ports": ["80/tcp": [["HostIp": "::", "HostPort": "8080"]]],
    "Binds": .null,
  ]

  private func render(_ source: String) throws -> String { try Template(source).render(TemplateSubject(value: Self.data)) }

  @Test(arguments: [
    ("{{.Name}}", "web"), ("{{ .State.Pid }}", "7"), ("{{.State.Health.Status}}", "ok"), ("{{.List}}", "[a b c]"),
    ("{{.Labels}}", "map[b:2 com.x:1]"),
    ("{{.Nothing}}", "<no value>"), ("{{.Binds}}", "[]"), ("{{.Labels.missing}}", "<no value>"), ("{{index .Labels \"com.x\"}}", "1"),
    ("{{index .Labels \"missing\"}}", ""), ("{{index .List 1}}", "b"), ("{{.Ports}}", "map[80/tcp:[{:: 8080}]]"),
    ("{{(index (index .Ports \"80/tcp\") 0).HostPort}}", "8080"), ("{{with .State}}{{.Pid}}{{end}}", "7"),
    ("{{if .Running}}yes{{else}}no{{end}}", "yes"), ("{{if .Empty}}yes{{else if .Name}}named{{else}}no{{end}}", "named"),
    ("{{with .Empty}}x{{else}}none{{end}}", "none"), ("{{range .List}}<{{.}}>{{end}}", "<a><b><c>"),
    ("{{range $i, $e := .List}}{{$i}}={{$e}};{{end}}", "0=a;1=b;2=c;"), ("{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}", "b=2 com.x=1 "),
    ("{{range .Nothing}}x{{else}}empty{{end}}", "empty"), ("{{range .List}}{{if eq . \"b\"}}{{continue}}{{end}}{{.}}{{end}}", "ac"),
    ("{{range .List}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}", "a"), ("{{$x := .Name}}{{$x}}-{{$.Name}}", "web-web"),
    ("{{$x := 1}}{{range .Numbers}}{{$x = .}}{{end}}{{$x}}", "3"), ("a {{- .Name -}} b", "awebb"), ("{{/* note */}}x", "x"),
    ("{{- /* note */ -}} x", "x"),
  ])
  func fieldsAndBlocks(source: String, expected: String) throws { #expect(try render(source) == expected) }

  @Test(arguments: [
    ("{{json .List}}", "[\"a\",\"b\",\"c\"]"), ("{{.Name | upper}}", "WEB"), ("{{upper .Name | lower | printf \"%s!\"}}", "web!"),
    ("{{title \"hello big world\"}}", "Hello Big World"), ("{{join .List \",\"}}", "a,b,c"), ("{{split \"a:b\" \":\"}}", "[a b]"),
    ("{{truncate .Name 2}}", "we"), ("{{truncate .Name 20}}", "web"), ("{{pad .Name 1 2}}|", " web  |"), ("{{len .List}} {{len .Name}}", "3 3"),
    ("{{println .Name 1}}", "web 1\n"), ("{{print .Size}}", "1234"),
    ("{{printf \"%d %5d|%-5s|%05d %.2f %q %v %x %t %%\" 1 2 \"a\" 3 2.5 \"q\" .List 255 true}}", "1     2|a    |00003 2.50 \"q\" [a b c] ff true %"),
    ("{{printf \"%d %s\" 1}}", "1 %!s(MISSING)"), ("{{eq .Name \"a\" \"web\"}}", "true"), ("{{ne .Size 1}}", "true"),
    ("{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 1 2}}", "true true false false"),
    ("{{and .Running .Name}}", "web"), ("{{or .Empty .Name}}", "web"), ("{{not .Running}}", "false"), ("{{and .Empty (index .List 99)}}", ""),
    ("{{slice .Name 1}}", "eb"), ("{{if and .Running (eq .Name \"web\")}}ok{{end}}", "ok"), ("{{`raw {{`}}", "raw {{"), ("{{\"q\\\"\\n\"}}", "q\"\n"),
  ])
  func functionsAndPipelines(source: String, expected: String) throws { #expect(try render(source) == expected) }

  @Test(arguments: [
    ("{{.Name", "template: :1: unclosed action"), ("{{foo}}", "template: :1: function \"foo\" not defined"),
    ("{{}}", "template: :1: missing value for command"),
    ("{{if .Name}}", "template: :1: unexpected EOF"), ("{{end}}", "template: :1: unexpected {{end}}"),
    ("{{break}}", "template: :1: {{break}} outside {{range}}"),
    ("{{define \"x\"}}{{end}}", "template: :1: {{define}} is not supported"), ("{{\"open}}", "template: :1: unterminated quoted string"),
  ])
  func unreadableTemplatesAreRefused(source: String, message: String) {
    #expect(throws: TemplateError(description: message)) { try Template(source) }
  }

  @Test(arguments: [
    ("{{.Foo}}", "template: :1:2: executing \"\" at <.Foo>: map has no entry for key \"Foo\""),
    ("{{.Name.Foo}}", "template: :1:2: executing \"\" at <.Name.Foo>: can't evaluate field Foo in type string"),
    ("x\n{{upper .Size}}", "template: :2:2: executing \"\" at <upper>: error calling upper: wrong type for value; expected string; got json.Number"),
    ("{{index .List 9}}", "template: :1:2: executing \"\" at <index>: error calling index: reflect: slice index out of range"),
  ])
  func wrongUseIsToldWithItsPlace(source: String, message: String) {
    #expect(throws: TemplateError(description: message)) { try render(source) }
  }

  @Test func nestingIsBounded() {
    #expect(throws: TemplateError.self) { try Template(String(repeating: "{{if .}}", count: 5000)) }
    #expect(throws: TemplateError.self) { try Template("{{" + String(repeating: "(", count: 5000)) }
  }

  @Test func mentionedFieldsAreFound() throws {
    #expect(try Template("{{if .A}}{{range .B}}{{(print .Size)}}{{end}}{{end}}").mentions("Size"))
    #expect(try !Template("{{.Name}}").mentions("Size"))
  }
}

extension TemplateError: Equatable {
  public static func == (left: TemplateError, right: TemplateError) -> Bool { left.description == right.description }
}
