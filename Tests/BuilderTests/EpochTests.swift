// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec
import Testing

@testable import Builder

@Suite("SOURCE_DATE_EPOCH")
struct EpochTests {
  private func source(_ text: String, _ change: (inout BuildRequest) -> Void = { _ in }) throws -> EpochSource? {
    var request = BuildRequest(id: "b")
    change(&request)
    return try EpochReader(request: request, dockerfile: try DockerfileParser.parse(Array(text.utf8))).source()
  }

  private func stage(_ instructions: String) throws -> EpochSource? {
    try source("ARG SOURCE_DATE_EPOCH=src\nARG BASE=http://h\nFROM scratch AS src\n\(instructions)\nFROM scratch")
  }

  @Test func theFileHasADefaultThatTheClientReplacesOrTakesAway() throws {
    let text = "ARG SOURCE_DATE_EPOCH=7\nFROM scratch"
    #expect(try source(text) == .time(7))
    #expect(try source(text) { $0.arguments["SOURCE_DATE_EPOCH"] = "8" } == .time(8))
    #expect(try source(text) { $0.arguments["SOURCE_DATE_EPOCH"] = "" } == .time(nil))
    #expect(try source("FROM scratch") == nil)
    #expect(try source("ARG SOURCE_DATE_EPOCH\nFROM scratch") == nil)
    #expect(try source("FROM scratch\nARG SOURCE_DATE_EPOCH=7") == nil)
  }

  @Test func theContextIsWhereItComesFrom() throws {
    let text = "ARG SOURCE_DATE_EPOCH=context\nFROM scratch"
    #expect(try source(text) == .time(nil))
    #expect(try source(text) { $0.uploadsContext = true } == .upload)
    let address = "https://h/a.git"
    #expect(try source(text) { $0.remoteContext = address } == .tree(RepositoryStep(url: address)))
  }

  @Test(arguments: [("http://h/a.tar", true), ("https://h/a.git#v1", true), ("docker-image://alpine", false), ("local:files", false)])
  func aNamedContextGoesBeforeAStage(_ context: String, hasTime: Bool) throws {
    let found = try source("ARG SOURCE_DATE_EPOCH=src\nFROM a AS src") { $0.namedContexts["src"] = context }
    #expect(found == (hasTime ? .tree(RepositoryStep(url: context)) : .time(nil)))
  }

  @Test func aStageOfOneSourceStandsForIt() throws {
    #expect(try stage("ADD $BASE/a.tar /") == .file(DownloadStep(url: "http://h/a.tar")))
    #expect(try stage("ARG N=b\nADD $BASE/$N.tar /x") == .file(DownloadStep(url: "http://h/b.tar")))
    let digest = SHA256.digest(of: "a")
    #expect(try stage("ADD --checksum=\(digest) http://h/a /") == .file(DownloadStep(url: "http://h/a", checksum: digest)))
    let git = try stage("ADD --keep-git-dir=true --checksum=abc https://h/a.git#v1 /")
    #expect(git == .tree(RepositoryStep(url: "https://h/a.git#v1", keepsGitDirectory: true, checksum: "abc")))
  }

  @Test(arguments: [
    ("COPY a /", "does not meet source-only requirements: unsupported COPY instruction"),
    ("ADD http://h/a /\nADD http://h/b /", "must contain exactly one remote ADD"), ("ARG a", "must contain exactly one remote ADD"),
    ("ADD http://h/a http://h/b /", "must contain exactly one remote ADD source"),
    ("ADD a /", "source must be a single HTTP(S) or Git ADD"),
  ])
  func otherStagesAreRefused(_ instructions: String, _ reason: String) {
    #expect { try stage(instructions) } throws: { ($0 as? HullError)?.message.contains("SOURCE_DATE_EPOCH stage \(reason)") == true }
  }

  @Test func aStageOnAnImageIsRefused() {
    #expect { try source("ARG SOURCE_DATE_EPOCH=src\nFROM a AS src\nADD http://h/a /") } throws: {
      ($0 as? HullError)?.message.contains("SOURCE_DATE_EPOCH stage must use FROM scratch") == true
    }
  }

  @Test func whatMeansNothingIsRefused() {
    #expect { try source("ARG SOURCE_DATE_EPOCH=not-a-timestamp\nFROM scratch") } throws: {
      ($0 as? HullError)?.message.contains("invalid SOURCE_DATE_EPOCH: not-a-timestamp") == true
    }
  }

  @Test func theNumberTakesThePlaceOfWhatWasWritten() throws {
    var dockerfile = try DockerfileParser.parse(Array("ARG SOURCE_DATE_EPOCH=context B=2\nFROM scratch".utf8))
    var arguments = ["SOURCE_DATE_EPOCH": "context"]
    EpochOutcome(seconds: 7).apply(to: &arguments)
    EpochOutcome(seconds: 7).apply(to: &dockerfile)
    #expect(arguments == ["SOURCE_DATE_EPOCH": "7"] && dockerfile.globalValues([:])["SOURCE_DATE_EPOCH"] == "7")
    EpochOutcome(seconds: nil).apply(to: &arguments)
    EpochOutcome(seconds: nil).apply(to: &dockerfile)
    #expect(arguments.isEmpty)
    #expect(dockerfile.globalValues([:])["SOURCE_DATE_EPOCH"] == nil && dockerfile.globalValues([:])["B"] == "2")
  }

  @Test func theNewestFileCounts() throws {
    let writer = TreePackWriter(directory: "/tmp")
    for (path, kind, seconds) in [("a/b", TreeNode.Kind.regular, 5), ("c", .regular, 3), ("d", .directory, 9)] as [(String, TreeNode.Kind, Int64)] {
      var node = TreeNode(kind: kind, mode: 0o644)
      node.modified = seconds * 1_000_000_000 + 7
      try writer.add(path, node)
    }
    #expect(try writer.finish().newestTime() == 5)
    #expect(try TreePack.empty.newestTime() == nil)
  }

  @Test func onlyWhatTheBuildAddsIsLimited() {
    let late = "2020-01-01T00:00:00Z"
    var config = ImageConfig(platform: .host)
    config.created = late
    config.history = [.init(created: late), .init(created: late), .init(created: "1970-01-01T00:00:01Z"), .init(created: nil)]
    config.limitTimes(to: 7, inherited: 1)
    #expect(config.history.map(\.created) == [late, "1970-01-01T00:00:07Z", "1970-01-01T00:00:01Z", "1970-01-01T00:00:07Z"])
    #expect(config.created == "1970-01-01T00:00:07Z")
  }

  @Test func anEmptyAttributeTakesTheTimeFromAnOutput() throws {
    #expect(try ImageOutput(attributes: [:]).epoch == .ofBuild)
    #expect(try ImageOutput(attributes: ["source-date-epoch": ""]).epoch == OutputEpoch.none)
    #expect(try FileOutput(attributes: ["source-date-epoch": "7"]).epoch == .seconds(7))
    #expect(throws: HullError.self) { try FileOutput(attributes: ["source-date-epoch": "now"]) }
  }
}
