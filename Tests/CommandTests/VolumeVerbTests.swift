// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HullCommands

extension VerbTests {
  @Suite struct VolumeVerbs {
    private func run(_ answers: [String: String], _ words: String...) throws -> (asked: [String], status: Int32, output: String, errors: String) {
      let engine = try EngineDouble(answers)
      let result = engine.run(words)
      return (engine.asked, result.status, result.output, result.errors)
    }

    @Test func aCloneIsCalledAsTheEngineCallsIt() throws {
      let result = try run(["POST /hull/volumes/a/clone": #"{"Name":"b"}"#], "volume", "clone", "a", "b")
      #expect(result.asked == [#"POST /hull/volumes/a/clone {"Name":"b"}"#] && result.output == "b\n")
    }

    @Test func aSnapshotNeedsNoName() throws {
      let answers = ["POST /hull/volumes/a/clone": #"{"Name":"made"}"#]
      let unnamed = try run(answers, "volume", "snapshot", "create", "a")
      #expect(unnamed.asked == [#"POST /hull/volumes/a/clone {"Snapshot":true}"#] && unnamed.output == "made\n")
      #expect(try run(answers, "volume", "snapshot", "create", "a", "s").asked == [#"POST /hull/volumes/a/clone {"Snapshot":true,"Name":"s"}"#])
    }

    @Test func aSnapshotIsRestoredIntoItsVolumeOrAnother() throws {
      let answers = [
        "GET /volumes/s": #"{"Labels":{"hull.snapshot.of":"a"}}"#, "GET /volumes/plain": #"{"Labels":null}"#,
        "POST /hull/volumes/a/restore": "", "POST /hull/volumes/b/restore": "",
      ]
      #expect(try run(answers, "volume", "snapshot", "restore", "-f", "s").asked.last == #"POST /hull/volumes/a/restore {"Snapshot":"s"}"#)
      #expect(try run(answers, "volume", "snapshot", "restore", "-f", "s", "b").asked.last == #"POST /hull/volumes/b/restore {"Snapshot":"s"}"#)
      let refused = try run(answers, "volume", "snapshot", "restore", "-f", "plain")
      #expect(refused.status == 1 && refused.errors.contains("volume plain is no snapshot"))
    }

    @Test func aNameGoesEscapedIntoThePath() throws {
      let result = try run(["POST /hull/volumes/a%2Fb/rename": ""], "volume", "rename", "a/b", "c")
      #expect(result.asked == [#"POST /hull/volumes/a%2Fb/rename {"Name":"c"}"#] && result.status == 0)
    }

    @Test func usageIsShownAsATable() throws {
      let answers = [
        "GET /volumes": #"{"Volumes":[{"Name":"b"},{"Name":"a"}]}"#,
        "GET /hull/volumes/a/usage": #"{"Name":"a","Size":20480,"Inodes":3,"Limit":10485760,"LimitedBy":"block file","UsedBy":["one","two"]}"#,
        "GET /hull/volumes/b/usage": #"{"Name":"b","Size":0,"Inodes":1,"Limit":0,"LimitedBy":"","UsedBy":[]}"#,
      ]
      #expect(
        try run(answers, "volume", "du").output == """
          VOLUME NAME   SIZE      INODES    LIMIT     USED BY
          a             20.48kB   3         10.49MB   one, two
          b             0B        1         -         -

          """)
      #expect(try run(answers, "volume", "du", "--format", "{{.Name}} {{.Bytes}} {{.LimitedBy}}", "a").output == "a 20480 block file\n")
    }

    @Test func aSizeIsAnOptionOfTheDriver() throws {
      let answers = ["POST /volumes/create": #"{"Name":"a"}"#]
      #expect(
        try run(answers, "volume", "create", "--size", "10m", "a").asked == [
          #"POST /volumes/create {"Driver":"local","Name":"a","DriverOpts":{"size":"10m"}}"#
        ])
    }
  }
}
