// SPDX-License-Identifier: Apache-2.0
import Errors
import Testing

@testable import HullCommands

@Suite struct JSONTests {
  @Test func membersKeepTheirOrderAndNumbersTheirText() throws {
    let text = #"{"b":1.50,"a":[true,null,-2e3],"c":{"z":"","y":18446744073709551615}}"#
    #expect(try JSONParser.parse(text).encoded() == text)
  }

  @Test func escapesAreDecoded() throws {
    let value = try JSONParser.parse(#""a\n\t\"\\\/é😀\ud83d!""#)
    #expect(value == .string("a\n\t\"\\/é😀\u{FFFD}!"))
  }

  @Test(arguments: ["", "{", "[1,", "{\"a\" 1}", "tru", "1 2", "\"\u{1}\"", "[1,]", "nul", "\"\\q\"", "\"\\u12\"", "--1", "{1:2}", "\"open"])
  func malformedTextIsRefused(text: String) {
    #expect(throws: HullError.self) { try JSONParser.parse(text) }
  }

  @Test func deepNestingIsRefused() {
    #expect(throws: HullError.self) { try JSONParser.parse(String(repeating: "[", count: 100_000)) }
  }

  @Test func aLookIntoNothingIsNull() {
    let value: JSON = ["a": ["b": 1]]
    #expect(value["a"]["b"].int == 1)
    #expect(value["x"]["y"]["z"].isNull)
  }

  @Test func layoutKeepsWhatTheEngineWrote() {
    let source = Array(#"{"a":[],"b":{},"c":[1,{"d":"x: {y,\" z"}],"e":"<"}"#.utf8)
    let indented = String(decoding: JSONLayout.indented(source), as: UTF8.self)
    let expected =
      "{\n    \"a\": [],\n    \"b\": {},\n    \"c\": [\n        1,\n        {\n            \"d\": \"x: {y,\\\" z\"\n        }\n    ],\n    \"e\": \"<\"\n}"
    #expect(indented == expected)
    #expect(JSONLayout.compact(JSONLayout.indented(source)) == source)
  }

  @Test func htmlIsEscapedOnlyWhenAsked() {
    #expect(JSON.string("<a>&\u{1}").encoded() == "\"<a>&\\u0001\"")
    #expect(JSON.string("<a>&").encoded(escapeHTML: true) == "\"\\u003ca\\u003e\\u0026\"")
  }
}
