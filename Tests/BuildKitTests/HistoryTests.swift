// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import Foundation
import GRPCCore
import OCISpec
import Testing

@testable import BuildKitAPI

@Suite struct HistoryTests {
  private let directory = "/var/tmp/hull-history-\(UInt64.random(in: 0...UInt64.max))"
  private let step = Digest(sha256: Array(repeating: 1, count: 32))

  private func record(_ ref: String, at seconds: Int64 = 1000) -> ControlBuildHistoryRecord {
    var record = ControlBuildHistoryRecord()
    (record.ref, record.frontendAttrs) = (ref, ["vcs:source": "https://example.org/\(ref).git"])
    record.createdAt = .init(nanoseconds: seconds * 1_000_000_000)
    return record
  }

  private func log() -> HistoryLog {
    let log = HistoryLog()
    log.add(.planned([BuildVertex(id: step, name: "[1/1] RUN true")]))
    log.add(.started(step, time: 1))
    log.add(.output(step, stream: 1, bytes: Array("hello\n".utf8), time: 2))
    log.add(.finished(step, time: 3, cached: true, error: nil))
    return log
  }

  private func end(
    _ history: BuildHistory, _ ref: String, at seconds: Int64 = 1000, _ outcome: Result<ControlSolveResponse, any Error> = .success(.init()),
    _ result: BuildResult? = nil
  ) throws {
    let record = self.record(ref, at: seconds)
    history.begin(record)
    history.end(EndedBuild(record, outcome, result, log(), at: (seconds + 1) * 1_000_000_000))
    try history.settle()
  }

  private func events(_ history: BuildHistory, _ change: (inout ControlBuildHistoryRequest) -> Void = { _ in }) throws -> [ControlBuildHistoryEvent] {
    var request = ControlBuildHistoryRequest()
    change(&request)
    return try history.events(request)
  }

  private func provenance(_ json: String) -> @Sendable () throws(HullError) -> [BuildResult.Provenance] {
    { [BuildResult.Provenance(platform: .host, predicateType: "https://slsa.dev/provenance/v1", json: Array(json.utf8))] }
  }

  private func clean() { try? FileManager.default.removeItem(atPath: directory) }

  @Test func anEndedBuildSurvivesTheDaemon() throws {
    defer { clean() }
    var result = BuildResult()
    result.provenance = provenance("{}")
    result.target = Descriptor(mediaType: MediaType.ociManifest, digest: step, size: 7)
    try end(BuildHistory(directory: directory), "one", .success(.init()), result)
    let history = BuildHistory(directory: directory)
    let found = try #require(try events(history).first)
    #expect(found.type == .complete && found.record.ref == "one" && found.record.numTotalSteps == 1 && found.record.numCachedSteps == 1)
    #expect(found.record.result.results[0]?.digest == step.description)
    let attestation = try #require(found.record.result.attestations.first)
    #expect(attestation.annotations["in-toto.io/predicate-type"] == "https://slsa.dev/provenance/v1")
    let path = try #require(try history.path(of: Digest(attestation.digest)))
    #expect(FileManager.default.contents(atPath: path) == Data("{}".utf8))
    let messages = try #require(try history.log("one"))
    #expect(messages.flatMap(\.logs).map { String(decoding: $0.msg, as: UTF8.self) } == ["hello\n"])
    #expect(try history.log("two") == nil)
  }

  @Test func aFailureIsKeptWithItsDetails() throws {
    defer { clean() }
    let history = BuildHistory(directory: directory)
    let error = try CallFailure.of(RPCError(code: .unknown, message: "broken"), details: [("type", Array("{}".utf8))])
    try end(history, "bad", .failure(error))
    let record = try #require(try events(history).first?.record)
    #expect(record.error.message == "broken" && record.error.details.isEmpty && record.status == "error")
    let path = try #require(try history.path(of: Digest(record.externalError.digest)))
    let status = try RPCStatus(serializedBytes: try #require(FileManager.default.contents(atPath: path)))
    #expect(status.details.first?.typeURL == "type")
    try end(history, "stopped", .failure(CancellationError()))
    #expect(try events(history) { $0.filter = ["status==canceled"] }.map(\.record.ref) == ["stopped"])
  }

  @Test func aDeletedBuildLeavesNothingAndWhatOthersNeedStays() throws {
    defer { clean() }
    let history = BuildHistory(directory: directory)
    try end(history, "one")
    try end(history, "two")
    try history.delete("one")
    #expect(try history.log("two")?.isEmpty == false)
    try history.delete("two")
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    #expect(throws: HullError.self) { try history.delete("two") }
  }

  @Test func oldBuildsGoUnlessTheyArePinned() throws {
    defer { clean() }
    let history = BuildHistory(directory: directory)
    try end(history, "pinned", at: 0)
    try history.pin("pinned", true)
    for number in 0..<BuildHistory.usual { try end(history, "old\(number)", at: Int64(number)) }
    try end(history, "recent", at: BuildHistory.age)
    #expect(try events(history).count == BuildHistory.usual + 2)
    try end(history, "new", at: BuildHistory.age + 1000)
    let left = Set(try events(history).map(\.record.ref))
    #expect(
      left.count == BuildHistory.usual + 1 && left.contains("pinned") && left.contains("new") && left.contains("recent") && !left.contains("old0"))
  }

  @Test func aBuildOfTheSameNameTakesThePlaceOfTheFirstWithAllItHad() throws {
    defer { clean() }
    let history = BuildHistory(directory: directory)
    func result(_ json: String) -> BuildResult {
      var result = BuildResult()
      result.provenance = provenance(json)
      result.target = Descriptor(mediaType: MediaType.ociManifest, digest: step, size: 7)
      return result
    }
    try end(history, "one", .success(.init()), result("1"))
    let files = try FileManager.default.contentsOfDirectory(atPath: directory).count
    try end(history, "one", .success(.init()), result("2"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == files)
    history.begin(record("one"))
    #expect(try history.log("one") == nil)
  }

  @Test func theHistoryHasALimitInBytes() throws {
    defer { clean() }
    let history = BuildHistory(directory: directory, mostBytes: 1)
    try end(history, "one", at: 1)
    try end(history, "two", at: 2)
    #expect(try events(history).map(\.record.ref) == ["two"])
  }

  @Test func whatHasEndedIsFoundAtOnce() throws {
    defer { clean() }
    let history = BuildHistory(directory: directory)
    for number in 0..<100 {
      let record = self.record("\(number)")
      history.begin(record)
      history.end(EndedBuild(record, .success(.init()), nil, log(), at: 1_000_000_000))
      #expect(try history.log(record.ref) != nil)
      #expect(try events(history) { $0.ref = record.ref }.map(\.type) == [.complete])
    }
  }

  @Test func aBuildThatRunsAgainIsNotYetInTheHistory() throws {
    defer { clean() }
    let history = BuildHistory(directory: directory)
    try end(history, "one")
    history.begin(record("one"))
    #expect(try events(history) { $0.activeOnly = true }.map(\.type) == [.started])
    #expect(try history.log("one") == nil)
  }

  @Test func whoListensHearsWhatHappens() async throws {
    defer { clean() }
    let history = BuildHistory(directory: directory)
    let news = history.listen()
    try end(history, "one")
    try history.pin("one", true)
    try history.delete("one")
    var types: [ControlBuildHistoryEventType] = []
    for await event in news {
      types.append(event.type)
      if event.type == .deleted { break }
    }
    #expect(types == [.started, .complete, .complete, .deleted])
  }

  @Test func theTraceHasTheBuildAndTheStepsThatHaveBegun() throws {
    var record = self.record("one")
    record.completedAt = .init(nanoseconds: 1001 * 1_000_000_000)
    record.error.message = "broken"
    var (begun, planned) = (ControlVertex(), ControlVertex())
    (begun.digest, begun.name, begun.cached, begun.error) = (step.description, "[1/1] RUN false", true, "broken")
    (begun.started, planned.digest) = (.init(nanoseconds: 1_000_500_000_000), "sha256:other")
    let trace = HistoryTrace(record, [begun, planned])
    let (build, one) = (trace.spans[0], trace.spans[1])
    #expect(trace.spans.count == 2 && build.parent == .none && build.children == 1 && build.status.code == 1)
    #expect(one.parent == build.context && one.name == "[1/1] RUN false" && one.status.description == "broken")
    #expect(one.attributes == [.init("vertex", step.description), .init("cached", "true")])
    // A step that was cut off ends with the build.
    #expect(one.start == "1970-01-01T00:16:40.5Z" && one.end == build.end)
    let documents = String(decoding: try #require(trace.json), as: UTF8.self)
    #expect(documents.contains(#""TraceID" : "\#(build.context.traceID)""#) && documents.hasSuffix("}\n"))
  }

  @Test func anEndedBuildHasItsTrace() throws {
    defer { clean() }
    let history = BuildHistory(directory: directory)
    try end(history, "one")
    let record = try #require(try events(history).first?.record)
    #expect(record.hasTrace && record.trace.mediaType == HistoryTrace.mediaType)
    #expect(try history.path(of: Digest(record.trace.digest)) != nil)
  }

  @Test(arguments: [
    ("ref~=n", true), ("ref==x", false), ("status==completed", true), ("status!=completed", false), ("repository~=example", true),
    ("duration>500ms", true),
    ("duration>1m30s", false), ("startedAt<2020-01-01T00:00:00Z", true), ("completedAt<1h", true), ("status==completed,ref==x", false),
  ]) func filtersAreObeyed(_ filter: String, _ matches: Bool) throws {
    var record = self.record("one")
    record.completedAt = .init(nanoseconds: 1001 * 1_000_000_000)
    #expect(try HistoryFilter([filter]).matches(record) == matches)
    #expect(try HistoryFilter([filter, "ref==one"]).matches(record))
  }

  @Test func whatIsNoFilterIsRefused() {
    #expect(throws: HullError.self) { try HistoryFilter(["nonsense"]) }
  }

  @Test func aDamagedLogIsAnErrorAndADamagedRecordIsForgotten() throws {
    defer { clean() }
    #expect(throws: HullError.self) { try HistoryLog.messages([200, 0, 0, 0, 1]) }
    try end(BuildHistory(directory: directory), "one")
    for name in try FileManager.default.contentsOfDirectory(atPath: directory) where name.hasSuffix(".record") {
      try Data([0xff]).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
    }
    #expect(try events(BuildHistory(directory: directory)).isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
  }
}
