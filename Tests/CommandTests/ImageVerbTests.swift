// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import HullCommands

extension VerbTests {
  @Suite struct ImageVerbs {
    private func run(_ answers: [String: String], _ words: String...) throws -> (asked: [String], status: Int32, output: String, errors: String) {
      setenv("HULL_CONFIG", "/nonexistent", 1)
      let engine = try EngineDouble(answers)
      let result = engine.run(words)
      return (engine.asked, result.status, result.output, result.errors)
    }

    private static let progress = """
      {"status":"Pulling from a/b","id":"v1"}
      {"status":"Pulling fs layer","progressDetail":{},"id":"012345678901"}
      {"status":"Downloading","progressDetail":{"current":1,"total":2},"progress":"[==>]","id":"012345678901"}
      {"status":"Pull complete","progressDetail":{},"id":"012345678901"}
      {"status":"Digest: sha256:00"}
      {"status":"Status: Downloaded newer image for r:5000/a/b:v1"}
      """

    @Test func pullTellsWhatDockerTells() throws {
      let result = try run(["POST /images/create": Self.progress], "pull", "r:5000/a/b:v1")
      #expect(result.asked == ["POST /images/create?fromImage=r%3A5000%2Fa%2Fb&tag=v1"])
      #expect(
        result.output == """
          v1: Pulling from a/b
          012345678901: Pulling fs layer
          012345678901: Pull complete
          Digest: sha256:00
          Status: Downloaded newer image for r:5000/a/b:v1
          r:5000/a/b:v1

          """)
    }

    @Test func pullAsksForTheTagLatestADigestOrAll() throws {
      let answers = ["POST /images/create": ""]
      let latest = try run(answers, "pull", "--platform", "linux/arm64", "busybox")
      #expect(latest.asked == ["POST /images/create?fromImage=busybox&tag=latest&platform=linux%2Farm64"])
      #expect(latest.output == "Using default tag: latest\ndocker.io/library/busybox:latest\n")
      let digest = try run(answers, "pull", "-q", "r:5000/a@sha256:00")
      #expect(digest.asked == ["POST /images/create?fromImage=r%3A5000%2Fa&tag=sha256%3A00"] && digest.output == "r:5000/a@sha256:00\n")
      #expect(try run(answers, "pull", "-a", "r:5000/a").asked == ["POST /images/create?fromImage=r%3A5000%2Fa"])
      #expect(try run(answers, "pull", "-a", "r:5000/a:v1").errors == "tag can't be used with --all-tags/-a\n")
    }

    @Test func anErrorInTheStreamEndsThePull() throws {
      let result = try run(["POST /images/create": #"{"errorDetail":{"message":"no such blob"},"error":"no such blob"}"#], "pull", "-q", "a:v1")
      #expect(result.status == 1 && result.errors == "no such blob\n" && result.output == "")
    }

    @Test func pushNamesTheTagOrAllOfThem() throws {
      let answers = ["POST /images/r%3A5000/a/push": #"{"status":"The push refers to repository [r:5000/a]"}"#]
      let tagged = try run(answers, "push", "--platform", "linux/arm64/v8", "r:5000/a:v1")
      #expect(
        tagged.asked == [
          "POST /images/r%3A5000/a/push?tag=v1&platform=%7B%22os%22%3A%22linux%22%2C%22architecture%22%3A%22arm64%22%2C%22variant%22%3A%22v8%22%7D"
        ])
      #expect(tagged.output == "The push refers to repository [r:5000/a]\n")
      #expect(try run(answers, "push", "-a", "-q", "r:5000/a").asked == ["POST /images/r%3A5000/a/push"])
      #expect(try run(answers, "push", "-q", "r:5000/a").output == "r:5000/a:latest\n")
    }

    @Test func searchListsWhatWasFound() throws {
      let answers = ["GET /images/search": #"[{"name":"a/b","description":"some\nwords","star_count":3,"is_official":true,"is_automated":false}]"#]
      let result = try run(answers, "search", "--limit", "5", "r:5000/b")
      #expect(result.asked == ["GET /images/search?term=r%3A5000%2Fb&limit=5"])
      #expect(result.output == "NAME      DESCRIPTION   STARS     OFFICIAL\na/b       some words    3         [OK]\n")
    }

    private static let layers = #"""
      {"Id":"sha256:0123456789abcdef","Size":3000,"Wasted":1500,"Layers":[
      {"DiffID":"sha256:aaaaaaaaaaaaaaaa","Digest":"sha256:b","Size":2000,"CompressedSize":800,"CreatedBy":"ADD rootfs","Wasted":1500,
      "WastedFiles":[{"Path":"/etc/a","Size":500,"Why":"removed","Layer":1},{"Path":"/b","Size":1000,"Why":"overwritten","Layer":1}]},
      {"DiffID":"sha256:cccccccccccccccc","Digest":"sha256:d","Size":1000,"CompressedSize":null,"CreatedBy":"RUN a\tb","Wasted":0,"WastedFiles":[]}]}
      """#

    @Test func showTellsLayersAndWaste() throws {
      let result = try run(["GET /hull/images/a/b%3Av1/layers": Self.layers], "image", "show", "--files", "a/b:v1")
      #expect(
        result.output == """
          #         LAYER          SIZE      COMPRESSED   WASTED    CREATED BY
          0         aaaaaaaaaaaa   2kB       800B         1.5kB     ADD rootfs
          1         cccccccccccc   1kB       -            0B        RUN a b

          IN        SIZE      BY        HOW           FILE
          0         1kB       1         overwritten   /b
          0         500B      1         removed       /etc/a

          0123456789ab: 2 layers, 3kB, of it wasted: 1.5kB (50.0 %)

          """)
    }

    @Test func diffMarksFilesAndNamesFields() throws {
      let answer = #"""
        {"From":"a","To":"b","Changes":[{"Path":"/new","Kind":"added","SizeFrom":null,"SizeTo":10,"What":[]},
        {"Path":"/old","Kind":"removed","SizeFrom":20,"SizeTo":null,"What":[]},
        {"Path":"/same","Kind":"changed","SizeFrom":5,"SizeTo":5,"What":["mode","owner"]},
        {"Path":"/grown","Kind":"changed","SizeFrom":5,"SizeTo":1005,"What":["content"]}],
        "Config":[{"Field":"Cmd","From":["sh"],"To":null},{"Field":"User","From":"","To":"app"}]}
        """#
      let result = try run(["GET /hull/images/diff": answer], "image", "diff", "a", "b")
      #expect(result.asked == ["GET /hull/images/diff?from=a&to=b"])
      #expect(
        result.output == """
          A /new (10B)
          D /old (20B)
          C /same (mode, owner)
          C /grown (content; 5B -> 1.005kB)
          Cmd: ["sh"] -> -
          User:  -> app

          """)
    }

    @Test func whyKeptListsReasons() throws {
      let answers = [
        "GET /hull/store/why/sha256%3A0":
          #"{"Object":"sha256:0","Kind":"layer","Size":1500,"Reasons":[{"Kind":"tag","Name":"a:v1"},{"Kind":"container","Name":"web"}]}"#,
        "GET /hull/store/why/1": #"{"Object":"sha256:1","Kind":"image","Size":5,"Reasons":[]}"#,
      ]
      #expect(try run(answers, "why-kept", "sha256:0").output == "layer sha256:0 (1.5kB) is kept by\n  tag a:v1\n  container web\n")
      #expect(try run(answers, "why-kept", "1").output == "image sha256:1 (5B) is kept by nothing: 'hull image prune --all' removes it\n")
    }

    private static func check(_ problems: String) -> [String: String] {
      ["POST /hull/store/check": #"{"Checked":{"Blobs":3,"Layers":2,"Images":1,"Files":40,"Bytes":2000},"Problems":[\#(problems)]}"#]
    }

    @Test func aCheckFailsWhenSomethingIsNotMended() throws {
      let clean = try run(Self.check(""), "system", "check")
      #expect(clean.asked == ["POST /hull/store/check?mend=0"])
      #expect(clean.status == 0 && clean.output == "checked 1 images, 2 layers, 3 blobs, 40 files, 2kB: everything belongs to something\n")
      let stray = #"{"Object":"content/x","Problem":"belongs to nothing","Bytes":7,"Mended":false,"Fix":"remove it"}"#
      let found = try run(Self.check(stray), "system", "check")
      #expect(found.status == 1 && found.output.contains("content/x   belongs to nothing   7B        no: remove it\n"))
      let mended = #"{"Object":"content/x","Problem":"belongs to nothing","Bytes":7,"Mended":true,"Fix":"removed"}"#
      let after = try run(Self.check(mended), "system", "check", "--mend")
      #expect(after.asked == ["POST /hull/store/check?mend=1"] && after.status == 0 && after.output.contains("1 problem, 1 mended\n"))
    }
  }
}
