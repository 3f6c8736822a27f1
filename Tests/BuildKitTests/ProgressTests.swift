// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Dockerfile
import OCISpec
import SwiftProtobuf
import Testing

@testable import BuildKitAPI

@Suite struct ProgressTests {
  private let first = Digest(sha256: Array(repeating: 1, count: 32))
  private let second = Digest(sha256: Array(repeating: 2, count: 32))

  private func news(_ translation: inout ProgressTranslation) -> ControlStatusResponse? { translation.take() }

  @Test func aVertexIsToldWithAllThatIsKnownOfIt() throws {
    var translation = ProgressTranslation()
    translation.add(.planned([BuildVertex(id: first, name: "FROM busybox"), BuildVertex(id: second, name: "RUN make", inputs: [first])]))
    translation.add(.started(second, time: 1_500_000_000))
    let toldBegin = news(&translation)
    let begin = try #require(toldBegin)
    #expect(begin.vertexes.map(\.name) == ["FROM busybox", "RUN make"])
    #expect(begin.vertexes[1].inputs == [first.description])
    #expect(begin.vertexes[1].started.seconds == 1 && begin.vertexes[1].started.nanos == 500_000_000)
    #expect(!begin.vertexes[0].hasStarted)
    translation.add(.finished(second, time: 2_000_000_000, cached: false, error: "exit code: 1"))
    let toldEnd = news(&translation)
    let end = try #require(toldEnd)
    #expect(end.vertexes.map(\.name) == ["RUN make"])
    #expect(end.vertexes[0].error == "exit code: 1")
    #expect(end.vertexes[0].hasStarted && end.vertexes[0].hasCompleted)
    let rest = news(&translation)
    #expect(rest == nil)
  }

  @Test func aCachedVertexHasATime() throws {
    var translation = ProgressTranslation()
    translation.add(.finished(first, time: 5, cached: true, error: nil))
    let toldVertex = news(&translation)
    let vertex = try #require(toldVertex).vertexes[0]
    #expect(vertex.cached && vertex.started.nanos == 5 && vertex.completed.nanos == 5)
  }

  @Test func aVertexThatIsDoneAfterAllIsUnderWayAgain() throws {
    var translation = ProgressTranslation()
    translation.add(.finished(first, time: 5, cached: true, error: nil))
    translation.add(.started(first, time: 7))
    let toldAgain = news(&translation)
    let again = try #require(toldAgain).vertexes[0]
    #expect(again.started.nanos == 7 && !again.hasCompleted && !again.cached)
    translation.add(.finished(first, time: 9, cached: false, error: nil))
    let toldEnd = news(&translation)
    let end = try #require(toldEnd).vertexes[0]
    #expect(end.started.nanos == 7 && end.completed.nanos == 9 && !end.cached)
  }

  @Test func outputThatNobodyReadsIsClippedOnce() throws {
    var translation = ProgressTranslation()
    for _ in 0..<100 { translation.add(.output(first, stream: 1, bytes: Array(repeating: 65, count: 1 << 20), time: 0)) }
    let toldStatus = news(&translation)
    let status = try #require(toldStatus)
    #expect(status.logs.count == ProgressLog.outputLimit >> 20 + 1)
    let last = try #require(status.logs.last)
    #expect(String(decoding: last.msg, as: UTF8.self).contains("clipped"))
  }

  @Test func aWarningNamesItsRuleAndLine() throws {
    let warning = BuildWarning(
      rule: "StageNameCasing", description: "Stage names should be lowercase", message: "Stage name 'A' should be lowercase", url: "https://x",
      location: SourceRange(startLine: 3, endLine: 4))
    let message = ControlVertexWarning(warning, vertex: first)
    #expect(String(decoding: message.short, as: UTF8.self) == "StageNameCasing: Stage name 'A' should be lowercase (line 3)")
    #expect(message.ranges.map { [$0.start.line, $0.end.line] } == [[3, 3], [4, 4]])
  }

  @Test func theWatcherGetsEverythingAndThenTheEnd() async {
    let log = ProgressLog()
    #expect(log.watch())
    #expect(!log.watch())
    let watching = Task {
      var vertices = 0
      while let news = await log.next() { vertices += news.vertexes.count }
      return vertices
    }
    log.add(.started(first, time: 1))
    log.add(.finished(second, time: 1, cached: true, error: nil))
    log.end()
    #expect(await watching.value == 2)
  }

  @Test func timesBefore1970HaveNoNegativeNanoseconds() {
    let time = Google_Protobuf_Timestamp(nanoseconds: -1)
    #expect(time.seconds == -1 && time.nanos == 999_999_999)
  }

  @Test func whatOnlyChangesTheConfigurationIsNotShown() {
    var translation = ProgressTranslation()
    var step = BuildVertex(id: first, name: "CMD x")
    step.isMetadata = true
    translation.add(.planned([step]))
    translation.add(.finished(first, time: 1, cached: false, error: nil))
    let rest = news(&translation)
    #expect(rest == nil)
  }
}
