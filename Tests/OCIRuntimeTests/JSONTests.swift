// SPDX-License-Identifier: Apache-2.0
import Errors
import Testing

@testable import OCISpec

@Suite struct JSONTests {
  private func parse(_ text: String) throws -> JSONValue { try RuntimeJSON.parse(Array(text.utf8)) }

  @Test func aConfigurationSurvivesTheWayThroughText() throws {
    var spec = RuntimeSpec()
    spec.process = RuntimeSpec.Process(args: ["sh", "-c", "echo \"\u{1F600}\"\n"], env: ["A=\u{7}"])
    spec.process?.rlimits = [RuntimeSpec.Rlimit(type: "RLIMIT_NOFILE", soft: .max, hard: .max)]
    spec.annotations = ["b": "2", "a": "1"]
    spec.linux = RuntimeSpec.Linux()
    spec.linux?.resources = RuntimeSpec.Resources()
    spec.linux?.resources?.pids = RuntimeSpec.Pids(limit: -1)
    #expect(try RuntimeJSON.decode(RuntimeSpec.self, from: try RuntimeJSON.encode(spec)) == spec)
    #expect(try RuntimeJSON.decode(RuntimeSpec.self, from: try RuntimeJSON.encode(spec, indent: "\t")) == spec)
  }

  @Test func membersKeepTheirOrderAndMissingOnesAreLeftOut() throws {
    let state = RuntimeState(id: "x", status: .created, pid: 7, bundle: "/b")
    let text = String(decoding: try RuntimeJSON.encode(state), as: UTF8.self)
    #expect(text == #"{"ociVersion":"1.2.0","id":"x","status":"created","pid":7,"bundle":"/b"}"#)
  }

  @Test func unknownMembersAndNullsAreIgnored() throws {
    let text = #"{"ociVersion":"1.0.0","process":{"cwd":"/","args":null,"future":{"x":[1]}},"hooks":null,"solaris":{}}"#
    let spec = try RuntimeJSON.decode(RuntimeSpec.self, from: Array(text.utf8))
    #expect(spec.process?.args == nil)
    #expect(spec.hooks == nil)
  }

  @Test func namesInOtherLetterCaseAreFoundAsInGo() throws {
    let limit = try RuntimeJSON.decode(RuntimeSpec.HugepageLimit.self, from: Array(#"{"pagesize":"2MB","LIMIT":1,"limit":2}"#.utf8))
    #expect(limit == RuntimeSpec.HugepageLimit(pageSize: "2MB", limit: 2))
  }

  @Test func anErrorNamesTheMember() {
    let text = #"{"ociVersion":"1.0.0","linux":{"resources":{"pids":{"limit":"many"}}}}"#
    let error = #expect(throws: HullError.self) { try RuntimeJSON.decode(RuntimeSpec.self, from: Array(text.utf8)) }
    #expect(error?.message == "linux.resources.pids.limit: expected a number, found string")
    #expect(error?.code == .invalidArgument)
    let missing = #expect(throws: HullError.self) {
      try RuntimeJSON.decode(RuntimeSpec.self, from: Array(#"{"ociVersion":"1","mounts":[{"type":"bind"}]}"#.utf8))
    }
    #expect(missing?.message == "mounts[0].destination: is missing")
  }

  @Test func numbersOutOfRangeAreRefused() {
    let text = #"{"ociVersion":"1","process":{"cwd":"/","user":{"uid":-1}}}"#
    #expect(throws: HullError.self) { try RuntimeJSON.decode(RuntimeSpec.self, from: Array(text.utf8)) }
    #expect(throws: HullError.self) { try parse("1e999") }
  }

  @Test func escapesAndSurrogatesAreRead() throws {
    #expect(try parse(#""a\/\b\u0041\ud83d\ude00\ud83d""#) == .string("a/\u{8}A\u{1F600}\u{fffd}"))
    #expect(try parse("18446744073709551615") == .unsigned(.max))
    #expect(try parse("[-9223372036854775808, 1.5, 1e2]") == .array([.integer(.min), .double(1.5), .double(100)]))
  }

  @Test(arguments: [
    "", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", "-", "\"\\x\"", "\"\\u12\"", "\"a", "nul", "[1] x", "\"\u{1}\"", "+1", "\"\\u+123\"",
  ])
  func brokenTextIsRefused(_ text: String) {
    #expect(throws: HullError.self) { try parse(text) }
  }

  @Test func depthIsBounded() {
    #expect(throws: HullError.self) { try parse(String(repeating: "[", count: 100_000)) }
  }
}
